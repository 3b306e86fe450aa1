"""The pages: what people see of the service.  Made on the server from the same operations that programs call."""
