"""Suppliers that are asked by program: what one has to promise, those that ship with dibs, and who speaks to them."""
