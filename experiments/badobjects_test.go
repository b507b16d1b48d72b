package experiments_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/invoke"
)

// unread are keys of events that functions do not read.
var unread = map[string][]string{
	"040.server-reply": {"sleep"}, // for the record
}

// fractions are keys whose values need not be whole numbers.
var fractions = []string{"sleep", "duration"}

// badValues returns events with values of the right type that cannot be used:
// they are out of range, or name something that is missing, empty, damaged or
// not what it should be.
func (w *workload) badValues(t *testing.T) []badInput {
	t.Helper()
	var all []badInput
	add := func(path string, value any, tells string) {
		event := w.event(t)
		set(event, strings.Split(path, "."), value)
		name := tells // or the value, where the error tells the key alone
		if strings.Contains(path, tells) {
			name = fmt.Sprintf("%#v", value)
		}
		all = append(all, badInput{name: path + " " + name, event: event, tells: tells, right: true})
	}
	// objects adds events whose path names an object of the given content in a
	// set of inputs, or none.
	objects := func(path string, set int, damaged map[string][]byte, value func(name string) any) {
		damaged["missing"], damaged["empty"] = nil, []byte{}
		for what, data := range damaged {
			name := what + "-" + strings.ReplaceAll(path, ".", "-")
			if data != nil {
				w.put(t, w.store.Input(set)+"/"+name, data)
			}
			add(path, value(name), name)
		}
	}
	itself := func(name string) any { return name }
	noise := bytes.Repeat([]byte("neither a picture nor a model\n"), 100)

	if bucket, ok := w.event(t)["bucket"].(map[string]any); ok && bucket["bucket"] != nil {
		add("bucket.bucket", w.machine.run.Prefix+"-missing", w.machine.run.Prefix+"-missing")
	}
	switch w.Name {
	case "010.sleep", "110.dynamic-html": // wrongKeys has them all
	case "020.network-benchmark", "030.clock-synchronization":
		add("server-port", closedPort(t), "datagrams")
		add("server-port", 70000, "port")
		add("server-address", "", "address")
		add("repetitions", 0, "repetitions")
	case "040.server-reply":
		add("port", closedPort(t), "connect to")
		add("port", 70000, "port")
		add("ip-address", "", "address")
	case "120.uploader":
		add("object.url", "", "url")
		add("object.url", "no URL at all", "url")
		add("object.url", "ftp://127.0.0.1/file", "url")
		add("object.url", "http://127.0.0.1/folder/", "url")
		add("object.url", fmt.Sprintf("http://127.0.0.1:%d/file", closedPort(t)), "/file")
		add("object.url", w.presigned(t, "missing"), "404")
		add("object.url", cutOff(t)+"/file", "/file")
	case "130.crud-api":
		add("requests.0.path.id", "no-such-product", "no-such-product")
		add("requests.0.route", "DELETE /cart", "DELETE /cart")
		add("requests.0.body.cart", "", "cart")
		for key, value := range map[string]any{"product_id": "", "name": "", "price": "6", "quantity": 1.5} {
			body := map[string]any{"cart": "cart-bad", "product_id": "paper", "name": "Paper", "price": 6, "quantity": 1, key: value}
			add("requests", []any{map[string]any{"route": "PUT /cart", "body": maps.Clone(body)}}, key)
			delete(body, key)
			add("requests", []any{map[string]any{"route": "PUT /cart", "body": body}}, key)
		}
	case "210.thumbnailer":
		photo := w.inputObject(t, 0, "object.key")
		objects("object.key", 0, map[string][]byte{"cut": photo[:len(photo)/2], "header": photo[:500], "noise": noise}, itself)
		add("object.width", 0, "width")
		add("object.height", 0, "height")
	case "220.video-processing":
		video := w.inputObject(t, 0, "object.key")
		objects("object.key", 0, map[string][]byte{"cut": video[:len(video)/2], "header": video[:100], "noise": noise}, itself)
		add("object.op", "transcode", "transcode")
		add("object.duration", 0, "duration")
	case "311.compression":
		add("object.key", "no-such-folder", "no-such-folder")
		w.put(t, w.store.Input(0)+"/nothing/", nil)
		add("object.key", "nothing", "nothing")
		w.put(t, w.store.Input(0)+"/beside/file", noise)
		add("object.key", "besid", "besid") // the beginning of a folder's name is no folder
	case "411.image-recognition":
		photo, model := w.inputObject(t, 1, "object.inputs.0"), w.inputObject(t, 0, "object.model")
		objects("object.inputs", 1, map[string][]byte{"cut": photo[:len(photo)/2], "header": photo[:500], "noise": noise},
			func(name string) any { return []any{name} })
		objects("object.model", 0, map[string][]byte{"cut": model[:len(model)/2], "noise": noise}, itself)
		add("object.inputs", []any{}, "inputs")
	case "501.graph-pagerank", "502.graph-mst", "503.graph-bfs":
		add("size", 1, "size")
		add("size", 1<<40, "size")
		add("seed", 0, "seed")
	case "504.dna-visualisation":
		objects("object.key", 0, map[string][]byte{
			"noise": noise, "header": []byte(">a name\n"), "digits": []byte(">a name\nACGT\n0123\n"), "binary": []byte(">a name\nAC\x00\xff\n"),
		}, itself)
	default:
		require.Fail(t, "no bad values of "+w.Name, "add a case to badValues (experiments/badobjects_test.go): values of the right type that its handlers must refuse; one without values if there are none")
	}
	return all
}

// put stores an object.
func (w *workload) put(t *testing.T, key string, data []byte) {
	t.Helper()
	require.NoError(t, w.store.Put(t.Context(), key, bytes.NewReader(data), int64(len(data))))
}

// inputObject returns the object that the event names at a path, in a set of
// inputs.
func (w *workload) inputObject(t *testing.T, set int, path string) []byte {
	t.Helper()
	var value any = w.event(t)
	for name := range strings.SplitSeq(path, ".") {
		if list, ok := value.([]any); ok {
			value = list[0]
			continue
		}
		value = value.(map[string]any)[name]
	}
	data, err := w.store.Get(t.Context(), w.store.Input(set)+"/"+value.(string), 1<<30)
	require.NoError(t, err)
	return data
}

// presigned returns a URL of an object of the inputs, which may be missing.
func (w *workload) presigned(t *testing.T, name string) string {
	t.Helper()
	url, err := w.store.Presign(t.Context(), w.store.Input(0)+"/"+name)
	require.NoError(t, err)
	return url
}

// cutOff returns the address of a server that sends less than it announces.
func cutOff(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "less") // the client has gone, or reads on
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// uploads has files of unusual sizes moved.
func (w *workload) uploads(t *testing.T, client *invoke.Client) {
	t.Helper()
	for _, size := range []int{0, 100 << 20} {
		t.Run(fmt.Sprintf("%d bytes", size), func(t *testing.T) {
			data := make([]byte, size)
			_, err := rand.NewChaCha8([32]byte{1}).Read(data)
			require.NoError(t, err)
			name := fmt.Sprintf("%d-bytes", size)
			w.put(t, w.store.Input(0)+"/"+name, data)
			event := w.event(t)
			set(event, []string{"object", "url"}, w.presigned(t, name))
			a, _ := w.call(t, client, event)
			require.Nil(t, a.Error)
			key := decode(t, a.Result).(map[string]any)["key"].(string)
			stored, err := w.store.Get(t.Context(), key, int64(size))
			require.NoError(t, err)
			require.Equal(t, sha256.Sum256(data), sha256.Sum256(stored))
		})
	}
}
