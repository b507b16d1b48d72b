package dockerfiles

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

func TestParse(t *testing.T) {
	p, err := parse([]byte(`{"p": {"l": {
		"versions": ["2", "1"],
		"build_images": {"x64": {"1": "repo.example:5000/base:1.0", "2": "base:2.0"}},
		"files": ["p/l/handler", "answer/l/dir/answer"],
		"packages": ["x==1"],
		"modules": {"storage": {"files": ["p/l/storage", "p/l/sign"], "packages": ["y"]}, "nosql": {"files": ["p/l/nosql", "p/l/sign"], "packages": ["x==1"]}}
	}}}`))
	require.NoError(t, err)
	l := p["p"]["l"]
	require.Equal(t, Addition{Files: []string{"p/l/handler", "answer/l/dir/answer"}, Packages: []string{"x==1"}}, l.For(nil))
	require.Equal(t, Addition{
		Files:    []string{"p/l/handler", "answer/l/dir/answer", "p/l/nosql", "p/l/sign", "p/l/storage"},
		Packages: []string{"x==1", "y"},
	}, l.For([]driver.Module{driver.Storage, driver.NoSQL}))

	for name, c := range map[string]struct{ language, want string }{
		"unknown key":          {`{"versions": ["1"], "version": 1}`, "unknown field"},
		"no versions":          {`{}`, "no versions"},
		"version twice":        {`{"versions": ["1", "1"]}`, `version "1"`},
		"version with a dash":  {`{"versions": ["1-2"]}`, `version "1-2"`},
		"architecture":         {`{"versions": ["1"], "build_images": {"arm": {"1": "a:1"}}}`, `architecture "arm"`},
		"image missing":        {`{"versions": ["1", "2"], "build_images": {"x64": {"1": "a:1"}}}`, "no image for version 2"},
		"image of none":        {`{"versions": ["1"], "build_images": {"x64": {"1": "a:1", "2": "a:2"}}}`, "version 2, which is not supported"},
		"image without a tag":  {`{"versions": ["1"], "build_images": {"x64": {"1": "repo:5000/a"}}}`, "no exact tag"},
		"image with latest":    {`{"versions": ["1"], "build_images": {"x64": {"1": "a:latest"}}}`, "no exact tag"},
		"module":               {`{"versions": ["1"], "modules": {"queue": {}}}`, `module "queue"`},
		"file without folders": {`{"versions": ["1"], "files": ["handler.py"]}`, `"handler.py"`},
		"file leads out":       {`{"versions": ["1"], "files": ["a/../../b"]}`, `"a/../../b"`},
	} {
		_, err := parse([]byte(`{"p": {"l": ` + c.language + `}}`))
		require.ErrorContains(t, err, c.want, name)
	}
	_, err = parse([]byte(`{} {}`))
	require.ErrorContains(t, err, "more than one")
}
