// Package experiments is the catalogue: each experiment is a test function in
// a file of its own, and runs only when -run (or -bench) names it.
//
//	TestPerfCost     latency, start-up, memory and CPU: cold, warm, burst, sequential
//	TestRegression   every selected function answers correctly, cold and warm
//	BenchmarkInvoke  the numbers of TestPerfCost, cold and warm, as a Go benchmark
//
// Sub-tests have two levels, so that a short pattern selects: the function,
// then the condition.
//
//	platform=process,benchmark=210.thumbnailer,runtime=python-3.11,arch=x64,package=archive,trigger=http
//	memory=256,size=test,mode=cold
//
// A version, architecture, kind or trigger other than the platform's default
// runs only if the pattern names it: -run 'PerfCost/110.*python-3.12'.
package experiments
