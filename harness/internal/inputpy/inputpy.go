// Package inputpy runs the input.py of a benchmark written for SeBS: it
// describes what storage the benchmark needs, generates an input, and says
// whether an output is right.
//
// The file is executed by python3 in a child process, with the user's rights:
// whoever runs a benchmark's folder trusts it. The child has a process group, a
// temporary working folder and a time limit of its own, and nothing of it
// remains after its session, even if this process is killed. Objects and items
// go through the Host, which is this process's; the child gets no address of a
// store and no credentials of one.
//
// The contract of input.py, all of it but generate_input optional:
//
//	buckets_count()    how many input and output buckets: a pair of numbers
//	allocate_nosql()   tables: {table: {"primary_key": name, "secondary_key": name}}
//	generate_input(data_dir, size, benchmarks_bucket, input_paths, output_paths, upload_func, nosql_func)
//	generate_input(data_dir, size, input_buckets, output_buckets, upload_func)
//	generate_input(data_dir, size, input_buckets, output_buckets, upload_func, trigger_type)
//	                   the payload, a dict; upload_func(i, key, file) stores a file as
//	                   key of the i-th input, nosql_func(benchmark, table, data,
//	                   (name, value), (name, value) or None) an item
//	validate_output(data_dir, input_config, output, language, storage)
//	validate_output(data_dir, input_config, output, language, architecture, storage)
//	                   None, or a string that says what is wrong
//
// In the longer form of generate_input all objects are in one bucket, under
// prefixes; in the shorter one each input and output has a bucket of its own.
// The number of parameters decides, since SeBS passes them by position; other
// numbers work if the parameters have the names above, which also decide for
// validate_output.
//
// Of the package sebs it may import utils.get_project_root, whose
// benchmarks-data has the data, utils.get_benchmarks_data_path and
// utils.get_resource_path, faas.function.Trigger, whose TriggerType is HTTP here,
// and faas.storage.PersistentStorage, which its storage is; that is what public
// folders use.
//
// The package refuses to guess what a broken input.py meant, and to run without
// a limit.
package inputpy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
)

// DefaultLimit bounds one operation of a session, start and import included.
const DefaultLimit = 5 * time.Minute

// Folder is a benchmark's folder with an input.py.
type Folder struct {
	Name  string        // the benchmark's name
	Dir   string        // the folder; empty: Files is copied to a temporary one for each session
	Files fs.FS         // its content, used if Dir is empty; symbolic links are left out
	Data  string        // the data_dir of generate_input; empty: the folder's data, or an empty folder if it has none
	Root  string        // the data of all benchmarks, <group>/<benchmark>; empty: there is only that of this one
	Limit time.Duration // of one operation; 0: DefaultLimit
	Guard driver.Guard  // cleans up if this process is killed; nil: each session has its own
}

// Description is what an input.py declares.
type Description struct {
	Inputs, Outputs int     // buckets_count
	Tables          []Table // allocate_nosql, in its order
	Separate        bool    // generate_input wants a bucket for each input and output
	Validates       bool    // there is a validate_output
	Data            bool    // it may use its data_dir
}

// Table is a declared table with the names of its keys.
type Table struct {
	Name      string `json:"name"`
	Primary   string `json:"primary"`
	Secondary string `json:"secondary"` // empty: none
}

// Names is what generate_input gets of the object store: names of buckets
// where the Description is Separate, and prefixes in one bucket otherwise.
type Names struct {
	Bucket  string   // the bucket of the prefixes
	Inputs  []string // one for each input
	Outputs []string // one for each output
}

// Host stores and reads what input.py asks for. Its methods are called one at
// a time.
type Host interface {
	// Upload stores the file path under key in the input with that index,
	// which exists. key is relative and does not leave its bucket.
	Upload(ctx context.Context, index int, key, path string) error
	// PutItem stores an item with its keys in a declared table.
	PutItem(ctx context.Context, table string, item map[string]any) error
	// Buckets returns the names of the buckets that validate_output may read.
	Buckets() []string
	// Download writes an object to the file path.
	Download(ctx context.Context, bucket, key, path string) error
	// List returns the keys that begin with prefix, sorted.
	List(ctx context.Context, bucket, prefix string) ([]string, error)
}

// RaisedError is an exception that input.py raised.
type RaisedError struct {
	Place     string // the file, and the function where one was running
	Type      string // "ValueError"
	Message   string
	Traceback string // the last lines of it, without a newline at the end
	Cause     error  // the error of the Host that was raised, or nil
}

// Error returns the exception on one line and then the traceback.
func (e *RaisedError) Error() string { return e.Line() + "\n" + e.Traceback }

// Line returns the exception on one line.
func (e *RaisedError) Line() string {
	return fmt.Sprintf("%s raised %s: %s", e.Place, e.Type, strings.Join(strings.Fields(e.Message), " "))
}

// Unwrap returns the Host's error, if that is what was raised.
func (e *RaisedError) Unwrap() error { return e.Cause }

// Describe asks what input.py declares. What can be known to be wrong without
// calling generate_input and validate_output is an error: their parameters, and
// packages that they import and python3 does not have.
func (s *Session) Describe(ctx context.Context) (Description, error) {
	value, err := s.run(ctx, request{Operation: "describe"}, nil)
	if err != nil {
		return Description{}, err
	}
	var d Description
	if err := json.Unmarshal(value, &d); err != nil {
		return Description{}, fmt.Errorf("%s: %w", s.place, err)
	}
	return d, nil
}

// Generate calls generate_input. Numbers of the payload are json.Number, so
// that they keep all their digits.
func (s *Session) Generate(ctx context.Context, size string, names Names, host Host) (map[string]any, error) {
	value, err := s.run(ctx, request{
		Operation: "generate", Size: size, DataDir: s.data, Bucket: names.Bucket,
		Inputs: append([]string{}, names.Inputs...), Outputs: append([]string{}, names.Outputs...),
	}, host)
	if err != nil {
		return nil, err
	}
	var payload map[string]any
	if err := decode(value, &payload); err != nil {
		return nil, fmt.Errorf("%s: payload: %w", s.place, err)
	}
	return payload, nil
}

// Output is an output to validate: what validate_output gets besides data_dir
// and storage.
type Output struct {
	Payload      any // what generate_input returned, encoded as JSON
	Output       any // what the handler returned, encoded as JSON
	Language     string
	Architecture string
}

// Validate calls validate_output and returns what it says is wrong with an
// output: empty if nothing, or if there is no such function. With a nil host,
// its storage is None.
func (s *Session) Validate(ctx context.Context, o Output, host Host) (wrong string, err error) {
	value, err := s.run(ctx, request{
		Operation: "validate", DataDir: s.data, Payload: o.Payload, Output: o.Output,
		Language: o.Language, Architecture: o.Architecture, Storage: host != nil,
	}, host)
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(value, &wrong); err != nil {
		return "", fmt.Errorf("%s: validate_output: %w", s.place, err)
	}
	return environment.Plain(wrong), nil
}

// decode decodes JSON and keeps the digits of its numbers.
func decode(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(v)
}
