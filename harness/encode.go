package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// encode returns a payload's JSON, in which text is UTF-8 without the escapes that
// HTML would need: limits of events are in bytes. The error names the key of what cannot be
// encoded: "key object.callback: json: unsupported type: func()".
func encode(payload any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	err := e.Encode(payload)
	if err == nil {
		return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
	}
	if path := culprit(reflect.ValueOf(payload), 20); path != "" {
		return nil, fmt.Errorf("key %s: %w", strings.TrimPrefix(path, "."), err)
	}
	return nil, err
}

// culprit returns the path of the part of a value that cannot be encoded, at
// most so deep.
func culprit(v reflect.Value, depth int) string {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() || depth == 0 {
		return ""
	}
	if _, own := v.Interface().(json.Marshaler); own {
		return "" // it is encoded as a whole
	}
	parts := map[string]reflect.Value{}
	var order []string
	add := func(name string, part reflect.Value) {
		parts[name] = part
		order = append(order, name)
	}
	switch v.Kind() {
	case reflect.Map:
		for _, key := range v.MapKeys() {
			add("."+fmt.Sprint(key), v.MapIndex(key))
		}
		slices.Sort(order)
	case reflect.Slice, reflect.Array:
		for i := range min(v.Len(), 1000) {
			add(fmt.Sprintf("[%d]", i), v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if !field.IsExported() || name == "-" {
				continue
			}
			if name == "" {
				name = field.Name
			}
			add("."+name, v.Field(i))
		}
	}
	for _, name := range order {
		if _, err := json.Marshal(parts[name].Interface()); err != nil {
			return name + culprit(parts[name], depth-1)
		}
	}
	return ""
}
