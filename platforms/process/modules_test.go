package process_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/leftout"
	"github.com/sebs-go/sebs/platforms/process"
)

// A Node.js function may be of either kind of modules, in each of the ways to
// say so, with the shims of the platform, and waiting for something at its top.
func TestKindsOfModules(t *testing.T) {
	const (
		esm = `import os from 'node:os';
import { nine } from './helper.js';
import { storage } from './storage.js';
import shim from './storage.js';
const { three } = await import('./helper.js');

export const handler = async () => [nine, three, typeof storage.get_instance, shim.storage === storage, typeof os.EOL];
`
		cjs = `const { nine } = require('./helper');
const { storage } = require('./storage');

exports.handler = async () => [nine, (await import('./helper.js')).three, typeof storage.get_instance, require('./storage').storage === storage, typeof __dirname];
`
		esmHelper = "export const nine = 9;\nexport const three = 3;\n"
		cjsHelper = "exports.nine = 9;\nexports.three = 3;\n"
		module    = `{"type": "module", "dependencies": {}}`
	)
	p := openPlatform(t, isolations["full"])
	dir := t.TempDir()
	for name, files := range map[string]map[string]string{
		"type module":          {"package.json": module, "function.js": esm, "helper.js": esmHelper},
		"mjs":                  {"function.mjs": esm, "helper.js": cjsHelper},
		"mjs of type module":   {"package.json": module, "function.mjs": esm, "helper.js": esmHelper},
		"type commonjs":        {"package.json": `{"type": "commonjs"}`, "function.js": cjs, "helper.js": cjsHelper},
		"no type":              {"package.json": `{"dependencies": {}}`, "function.js": cjs, "helper.js": cjsHelper},
		"cjs in a type module": {"package.json": module, "function.cjs": "exports.handler = async () => (await import('./inner.js')).handler();\n", "inner.js": esm, "helper.js": esmHelper},
		"exported as default":  {"package.json": module, "function.js": esm + "export default { handler };\n", "helper.js": esmHelper},
	} {
		t.Run(name, func(t *testing.T) {
			s := spec(t, p, "nodejs")
			s.Modules = []driver.Module{driver.Storage}
			folder := fstest.MapFS{}
			for path, text := range files {
				folder["nodejs/"+path] = &fstest.MapFile{Data: []byte(text)}
			}
			store, err := build.OpenStore(dir)
			require.NoError(t, err)
			r, err := store.Package(t.Context(), build.Job{Builder: p, Platform: process.Name, Files: folder, Spec: s})
			leftout.If(t, err)
			require.NoError(t, err)
			got := result[[]any](t, deploy(t, p, s, r.Package), "{}")
			require.Equal(t, []any{9.0, 3.0, "function", true, "string"}, got)
		})
	}
}
