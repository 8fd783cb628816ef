"""What a machine without the official Pulumi binaries needs, built from package registries alone."""
