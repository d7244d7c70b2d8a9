"""Other programs of the house: the hosts that mount the gateway, and the packages that it works with."""
