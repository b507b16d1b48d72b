package answer_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/answer"
)

// whole is an answer with every key.
const whole = `{"request":"r1","platform_request":"p1","begin_us":1700000000000000,"end_us":1700000000250000,` +
	`"handler_ns":249999000,"init_us":1200,"boot_us":1699999999000000,"sandbox":"s1","cold":true,"worker":"w1",` +
	`"worker_cold":true,"count":1,"cpu_us":1000,"memory_bytes":33554432,"result":{"n":[1,2]},` +
	`"measurement":{"compute_us":5},"error":null}`

// with returns whole with the value of a key replaced, or the key left out if
// value is empty.
func with(tb testing.TB, key, value string) []byte {
	tb.Helper()
	var a map[string]json.RawMessage
	require.NoError(tb, json.Unmarshal([]byte(whole), &a))
	require.Contains(tb, a, key)
	if a[key] = json.RawMessage(value); value == "" {
		delete(a, key)
	}
	body, err := json.Marshal(a)
	require.NoError(tb, err)
	return body
}

func TestParse(t *testing.T) {
	got, err := answer.Parse([]byte(whole))
	require.NoError(t, err)
	require.Equal(t, answer.Answer{
		Request: "r1", PlatformRequest: "p1", Begin: 1700000000000000, End: 1700000000250000,
		Handler: 249999000, Init: 1200, Boot: 1699999999000000, Sandbox: "s1", Cold: true, Worker: "w1",
		WorkerCold: true, Count: 1, CPU: 1000, Memory: 33554432,
		Result: json.RawMessage(`{"n":[1,2]}`), Measurement: json.RawMessage(`{"compute_us":5}`),
	}, got)
}

func TestParseAccepts(t *testing.T) {
	for name, body := range map[string][]byte{
		"a failed handler":           with(t, "error", `{"phase":"handler","type":"E","message":"m"}`),
		"a failed init":              with(t, "error", `{"phase":"init","type":"E","message":"m"}`),
		"no result":                  with(t, "result", ""),
		"any result":                 with(t, "result", `"text"`),
		"no measurement":             with(t, "measurement", ""),
		"measurement null":           with(t, "measurement", "null"),
		"measurement with depth":     with(t, "measurement", `{"a":`+strings.Repeat("[", 15)+`"]}[\"{,"`+strings.Repeat("]", 15)+`,"ü":"\ud83d\ude00 \\ud800 \u0061"}`),
		"measurement of many":        with(t, "measurement", `{"a":[`+strings.Repeat("1,", 1000)+`1]}`),
		"measurement, any numbers":   with(t, "measurement", `{"a":1.7e308,"b":-1E-999,"c":[ 18446744073709551616 , 0 ],"d":[true,false,null, { } ,[ ]]}`),
		"measurement, one key each":  with(t, "measurement", `{"a":{"a":1},"b":[{"a":1},{"a":1}],"A":2}`),
		"an unknown key":             []byte(strings.Replace(whole, `{`, `{"later":[{}],`, 1)),
		"white space":                []byte(strings.ReplaceAll(whole, ",", " ,\n\t")),
		"a clock set back a bit":     with(t, "end_us", "1699999999999000"),
		"no id of the platform":      with(t, "platform_request", ""),
		"a warm process":             []byte(strings.NewReplacer(`"cold":true`, `"cold":false`, `"count":1`, `"count":7`, `"worker_cold":true`, `"worker_cold":false`).Replace(whole)),
		"a new process, old sandbox": with(t, "cold", "false"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := answer.Parse(body)
			require.NoError(t, err)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		body  []byte
		error string // a part of it
	}{
		{"nothing", nil, "empty"},
		{"no JSON", []byte("<html>502</html>"), "<html>"},
		{"cut off", []byte(whole[:len(whole)-1]), "JSON"},
		{"more than one object", []byte(whole + whole), "JSON"},
		{"null", []byte("null"), "begin_us"},
		{"an array", []byte("[" + whole + "]"), "JSON object"},
		{"an empty object", []byte("{}"), "begin_us, boot_us, sandbox, worker, count"},
		{"begin_us missing", with(t, "begin_us", ""), "begin_us"},
		{"begin_us a string", with(t, "begin_us", `"1700000000000000"`), "begin_us"},
		{"begin_us a fraction", with(t, "begin_us", "1.5"), "begin_us"},
		{"begin_us too large", with(t, "begin_us", "1e30"), "begin_us"},
		{"begin_us negative", with(t, "begin_us", "-1"), "begin_us"},
		{"end_us missing", with(t, "end_us", ""), "end_us"},
		{"end_us long before begin_us", with(t, "end_us", "1600000000000000"), "end_us"},
		{"handler_ns negative", with(t, "handler_ns", "-1"), "handler_ns"},
		{"init_us negative", with(t, "init_us", "-1"), "init_us"},
		{"boot_us missing", with(t, "boot_us", ""), "boot_us"},
		{"sandbox missing", with(t, "sandbox", ""), "sandbox"},
		{"sandbox empty", with(t, "sandbox", `""`), "sandbox"},
		{"sandbox endless", with(t, "sandbox", `"`+strings.Repeat("s", 129)+`"`), "sandbox"},
		{"sandbox a number", with(t, "sandbox", "7"), "sandbox"},
		{"cold a string", with(t, "cold", `"true"`), "cold"},
		{"cold on a used process", []byte(strings.NewReplacer(`"count":1`, `"count":2`, `"worker_cold":true`, `"worker_cold":false`).Replace(whole)), "cold"},
		{"worker missing", with(t, "worker", ""), "worker"},
		{"worker_cold on a later call", with(t, "count", "2"), "worker_cold"},
		{"count missing", with(t, "count", ""), "count"},
		{"cpu_us negative", with(t, "cpu_us", "-1"), "cpu_us"},
		{"memory_bytes negative", with(t, "memory_bytes", "-1"), "memory_bytes"},
		{"measurement a list", with(t, "measurement", "[1]"), "measurement"},
		{"measurement of 20 MB", with(t, "measurement", `{"x":"`+strings.Repeat("x", 20<<20)+`"}`), "measurement has 20971528 bytes, more than 65536"},
		{"measurement not in UTF-8", []byte(strings.Replace(whole, `"compute_us"`, "\"compute_us\xff\"", 1)), "measurement is not UTF-8"},
		{"measurement 9,000 levels deep", with(t, "measurement", `{"x":`+strings.Repeat("[", 8999)+strings.Repeat("]", 8999)+`}`), "measurement is 9000 levels deep, more than 16"},
		{"measurement of 5,000 numbers", with(t, "measurement", `{"x":[`+strings.Repeat("1,", 5000)+`1]}`), "measurement has 5002 values, more than 1024"},
		{"measurement of empty objects", with(t, "measurement", `{"x":[`+strings.Repeat("{},", 1000)+`{}]}`), "measurement has"},
		{"measurement with a first half", with(t, "measurement", `{"a\ud800":1}`), "measurement has half a character"},
		{"measurement with a second half", with(t, "measurement", `{"a":["\udc00"]}`), "measurement has half a character"},
		{"measurement with two first halves", with(t, "measurement", `{"a":"\ud83d\ud83d\ude00"}`), "measurement has half a character"},
		{"measurement with a half before text", with(t, "measurement", `{"a":"\uD83dx"}`), "measurement has half a character"},
		{"measurement beyond a double", with(t, "measurement", `{"a":1e999}`), "measurement has the number 1e999, which is beyond a double"},
		{"measurement far beyond a double", with(t, "measurement", `{"a":[{"b": -1`+strings.Repeat("0", 9000)+`}]}`), "which is beyond a double"},
		{"measurement with a key twice", with(t, "measurement", `{"a":1,"b":[{"c":1,"\u0063":2}]}`), `measurement has the key "c" twice`},
		{"begin_us beyond dates", with(t, "begin_us", "9223372036854775807"), "begin_us"},
		{"boot_us beyond dates", with(t, "boot_us", "5000000000000000"), "boot_us"},
		{"init_us of a thousand years", with(t, "init_us", "31557600000000000"), "init_us"},
		{"platform_request endless", with(t, "platform_request", `"`+strings.Repeat("r", 257)+`"`), "platform_request"},
		{"error without a phase", with(t, "error", `{"type":"E"}`), "error.phase"},
		{"error a string", with(t, "error", `"it failed"`), "error"},
		{"too large", make([]byte, answer.MaxBytes+1), "more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := answer.Parse(c.body)
			require.ErrorContains(t, err, c.error)
			require.Zero(t, a)
			require.Less(t, len(err.Error()), 600, "the error quotes the answer at length")
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// What Parse accepts satisfies the contract, and has the same meaning to the
// standard decoder.
func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("{}"))
	f.Add(with(f, "error", `{"phase":"init","type":"\u00e9","message":"\n"}`))
	f.Add(with(f, "result", `"\ud800 \\ \" \u2028"`))
	f.Add(with(f, "begin_us", "1e3"))
	f.Add([]byte(strings.Replace(whole, `"count"`, `"COUNT"`, 1)))
	f.Add([]byte(strings.Replace(whole, `{`, `{"count":9,"count":1,`, 1)))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := answer.Parse(body)
		if err != nil {
			require.Zero(t, a)
			require.NotContains(t, err.Error(), "\n")
			return
		}
		require.True(t, a.Begin > 0 && a.Boot > 0 && a.Count > 0, "%+v", a)
		require.True(t, a.Sandbox != "" && a.Worker != "", "%+v", a)
		require.Equal(t, a.Count == 1, a.WorkerCold)
		var same answer.Answer
		require.NoError(t, json.Unmarshal(body, &same))
		require.Equal(t, same, a)
		// The parts that are passed on as they are are JSON.
		require.True(t, len(a.Result) == 0 || json.Valid(a.Result))
		require.True(t, len(a.Measurement) == 0 || json.Valid(a.Measurement) && utf8.Valid(a.Measurement))
		require.LessOrEqual(t, len(a.Measurement), answer.MaxMeasurement)
		a.Start(time.Second) // no time that passed is beyond what can be computed with
		_ = a.Possible(answer.Call{Sent: time.UnixMicro(a.Begin), Waited: time.Second, Served: time.Second, Memory: 1})
	})
}

func ExampleParse() {
	a, err := answer.Parse([]byte(`{"begin_us":1700000000000000,"end_us":1700000000250000,"handler_ns":249999000,
		"boot_us":1699999999000000,"sandbox":"s1","cold":true,"worker":"w1","worker_cold":true,"count":1,"result":42}`))
	fmt.Println(string(a.Result), a.Cold, err)
	_, err = answer.Parse([]byte(`{"result":42}`))
	fmt.Println(err)
	// Output:
	// 42 true <nil>
	// the answer has a missing or wrong begin_us, boot_us, sandbox, worker, count: {"result":42}
}

func BenchmarkParse(b *testing.B) {
	body := []byte(whole)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := answer.Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}
