"""Reports and the command: they only compose what the other packages derive and solve."""
