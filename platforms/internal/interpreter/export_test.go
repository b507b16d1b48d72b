package interpreter

// Forget forgets what executables answered.
func Forget() { asked.Clear() }
