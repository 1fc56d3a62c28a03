"""What people write, understood: words and their typing errors, numbers, yes and no, telephone
numbers, and which choice, command or topic is meant."""
