package harness_test

import (
	"fmt"

	"github.com/sebs-go/sebs/harness"
)

func ExampleParseConfig() {
	c, err := harness.ParseConfig([]byte(`{"timeout": 60, "memory": 256, "languages": ["python"], "modules": ["storage"]}`))
	fmt.Println(c.Timeout, c.Memory, c.Languages[0].Name, c.Modules, err)
	_, err = harness.ParseConfig([]byte(`{"timeout": 60, "memory": 256, "languages": ["python"], "memroy": 512}`))
	fmt.Println(err)
	// Output:
	// 1m0s 256 python [storage] <nil>
	// config.json: unknown key "memroy" (did you mean "memory"?): the keys are timeout, memory, languages, modules and cpp_dependencies
}
