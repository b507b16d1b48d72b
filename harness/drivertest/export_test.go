package drivertest

// RuleNames returns the names of all rules of platforms.
func RuleNames() []string {
	var names []string
	for _, r := range functionRules {
		names = append(names, r.name)
	}
	for _, r := range platformRules {
		names = append(names, r.name)
	}
	return names
}
