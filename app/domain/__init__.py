"""Rules of the medical record that need neither database nor network."""
