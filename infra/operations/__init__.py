"""What an administrator does to a running hospital beside ``pulumi up``: replace a machine, upgrade."""
