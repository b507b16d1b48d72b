package harness

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/nearest"
)

// parameters are the settings with open ranges, each an environment variable.
// This is the one place that reads them. They are, with what is used when a
// variable is unset or empty:
//
//	SEBS_MEMORY       MB of functions, a list: "256,512"; the benchmark's own
//	SEBS_SIZE         sizes of inputs, a list: "test,small"; test
//	SEBS_SAMPLES      bounds of a cell: invocations, time of measuring, or both: "200", "60s", "200,60s"; 50,20s, and ten batches of calls at once
//	SEBS_CONCURRENCY  calls at once in a batch; 1, and 10 in the mode burst
//	SEBS_ORDER        of cells: "interleaved", or "sequential"; interleaved
//	SEBS_SEED         decides the order of interleaved cells: a number, as run.json has it; a random one
//	SEBS_RESULTS      folder that gets the folder of results, from the module's root; results/ there
//	SEBS_CACHE        folder of built packages and tools; the user's cache folder
//	SEBS_PREFIX       begins the names of all resources, and keeps them for later runs; unique, and nothing is kept
//	SEBS_KEEP         how long resources of this run are kept: "24h"; not at all
//	SEBS_DATA         a checkout of SeBS's data repository, used instead of testdata/
//	SEBS_BENCHMARKS   folders of further benchmarks, a list like PATH; none
//	SEBS_UPDATE       what to make anew: "code", "inputs", or both; nothing
//	SEBS_USAGE        how long after a cell its usage is waited for at the end of a run, where a platform tells it late: "10m", "0" to ask once; three times what the platform says it takes
//	SEBS_RUN          the folder of results that make usage asks for; that of the latest run
//
// Platforms have settings of their own, which they declare.
type parameters struct {
	Memory      []int  // nil: the benchmark's own
	Sizes       []Size // nil: test
	MaxSamples  int    // 0: defaultSamples, or as many as an interval needs
	MaxTime     time.Duration
	Concurrency int // 0: the mode's own
	Sequential  bool
	Seed        uint32 // 0: a random one
	Results     string
	Cache       string
	Prefix      string
	Keep        time.Duration
	Benchmarks  string
	Update      []string
	Usage       *time.Duration // nil: the platform's
	Run         string
}

// parameterNames lists the variables, for the check that no other is set.
var parameterNames = []string{
	"SEBS_MEMORY", "SEBS_SIZE", "SEBS_SAMPLES", "SEBS_CONCURRENCY", "SEBS_ORDER", "SEBS_SEED", "SEBS_RESULTS", "SEBS_CACHE",
	"SEBS_PREFIX", "SEBS_KEEP", "SEBS_DATA", "SEBS_BENCHMARKS", "SEBS_UPDATE", "SEBS_USAGE", "SEBS_RUN",
}

// The orders of cells.
const (
	orderInterleaved = "interleaved"
	orderSequential  = "sequential"
)

const (
	defaultSamples = 50
	defaultTime    = 20 * time.Second
	minMemory      = 32      // MB
	maxMemory      = 1 << 20 // MB
	maxValues      = 1000    // of a condition
)

var prefixPattern = regexp.MustCompile(`^[a-z][a-z0-9]{2,15}$`)

// readParameters reads the environment. An error names the variable, what is
// wrong with it and what it takes.
func readParameters(getenv func(string) string, environ []string) (parameters, error) {
	p := parameters{MaxTime: defaultTime}
	if err := checkVariables(environ); err != nil {
		return p, err
	}
	var errs []error
	list := func(name string, most int, each func(string) error) {
		var seen []string
		for word := range strings.SplitSeq(getenv(name), ",") {
			if word = strings.TrimSpace(word); word == "" {
				continue
			}
			err := each(word)
			if slices.Contains(seen, word) {
				err = fmt.Errorf("%q is there twice", word)
			}
			if seen = append(seen, word); len(seen) > most {
				err = fmt.Errorf("%q is one too many", word)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("%s=%s: %w", name, getenv(name), err))
				return
			}
		}
	}
	list("SEBS_MEMORY", maxValues, func(word string) error {
		mb, err := strconv.Atoi(word)
		if err != nil || mb < minMemory || mb > maxMemory {
			return fmt.Errorf("%q is not a memory size in MB from %d to %d", word, minMemory, maxMemory)
		}
		p.Memory = append(p.Memory, mb)
		return nil
	})
	list("SEBS_SIZE", maxValues, func(word string) error {
		if !slices.Contains(Sizes, Size(word)) {
			return fmt.Errorf("unknown size %q%s; there are test, small, large", word, nearest.Hint(word, words(Sizes)))
		}
		p.Sizes = append(p.Sizes, Size(word))
		return nil
	})
	counts, times := 0, 0
	list("SEBS_SAMPLES", 2, func(word string) error {
		if n, err := strconv.Atoi(word); err == nil {
			if n < 1 || n > 10_000_000 {
				return fmt.Errorf("%d is not from 1 to 10000000", n)
			}
			p.MaxSamples, counts = n, counts+1
			if counts > 1 {
				return fmt.Errorf("%d is a second number of invocations", n)
			}
			return nil
		}
		d, err := time.ParseDuration(word)
		if err != nil || d <= 0 {
			return fmt.Errorf("%q is neither a number of invocations nor a time such as 60s", word)
		}
		p.MaxTime, times = d, times+1
		if times > 1 {
			return fmt.Errorf("%s is a second time of measuring", word)
		}
		return nil
	})
	list("SEBS_CONCURRENCY", 1, func(word string) error {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > 10_000 {
			return fmt.Errorf("%q is not a number of calls from 1 to 10000", word)
		}
		p.Concurrency = n
		return nil
	})
	list("SEBS_UPDATE", 2, func(word string) error {
		if word != "code" && word != "inputs" {
			return fmt.Errorf("unknown word %q%s; there are code, inputs", word, nearest.Hint(word, []string{"code", "inputs"}))
		}
		p.Update = append(p.Update, word)
		return nil
	})
	list("SEBS_KEEP", 1, func(word string) error {
		d, err := time.ParseDuration(word)
		if err != nil || d < 0 {
			return fmt.Errorf("%q is not a time such as 24h", word)
		}
		p.Keep = d
		return nil
	})
	list("SEBS_USAGE", 1, func(word string) error {
		d, err := time.ParseDuration(word)
		if err != nil || d < 0 {
			return fmt.Errorf("%q is not a time such as 10m", word)
		}
		p.Usage = &d
		return nil
	})
	switch order := getenv("SEBS_ORDER"); order {
	case "", orderInterleaved:
	case orderSequential:
		p.Sequential = true
	default:
		errs = append(errs, fmt.Errorf("SEBS_ORDER=%s: unknown order%s; there are interleaved, sequential", order, nearest.Hint(order, []string{"interleaved", "sequential"})))
	}
	if text := getenv("SEBS_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 32)
		if err != nil || seed == 0 {
			errs = append(errs, fmt.Errorf("SEBS_SEED=%s: want a number from 1 to 4294967295, as run.json has it", text))
		}
		p.Seed = uint32(seed)
	}
	if p.Prefix = getenv("SEBS_PREFIX"); p.Prefix != "" && !prefixPattern.MatchString(p.Prefix) {
		errs = append(errs, fmt.Errorf("SEBS_PREFIX=%s: want 3 to 16 lower-case letters and digits, a letter first", p.Prefix))
	}
	if data := getenv("SEBS_DATA"); data != "" {
		if err := checkData(data); err != nil { // also where nothing uses it
			errs = append(errs, err)
		}
	}
	p.Results = getenv("SEBS_RESULTS")
	p.Benchmarks = getenv("SEBS_BENCHMARKS")
	p.Run = getenv("SEBS_RUN")
	if len(errs) > 0 {
		return p, errs[0]
	}
	var err error
	p.Cache, err = driver.CacheFolder(getenv("SEBS_CACHE"))
	return p, err
}

// concurrency returns how many calls a batch of the mode makes at once.
func (p parameters) concurrency(m Mode) int {
	switch {
	case m == Sequential:
		return 1
	case p.Concurrency > 0:
		return p.Concurrency
	case m == Burst:
		return 10
	}
	return 1
}
