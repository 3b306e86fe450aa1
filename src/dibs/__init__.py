"""dibs runs a compute partnership as software."""
