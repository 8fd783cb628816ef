"""What every drill is made of: load, faults, observation and a verdict drawn from a recorded history."""
