package objectserver_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/platforms/internal/objectserver"
)

// client returns a client and a bucket for what functions do with the store
// and driver.Buckets does not.
func client(t *testing.T, s *objectserver.Server) (*minio.Core, string) {
	t.Helper()
	core, err := minio.NewCore(strings.TrimPrefix(s.URL(), "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(s.AccessKey(), s.SecretKey(), ""), Region: s.Region(), MaxRetries: 1,
		Transport: &http.Transport{DisableKeepAlives: true},
	})
	require.NoError(t, err)
	const bucket = "run1-protocol"
	require.NoError(t, core.MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{}))
	return core, bucket
}

func read(t *testing.T, c *minio.Core, bucket, key string, opts minio.GetObjectOptions) string {
	t.Helper()
	r, _, _, err := c.GetObject(t.Context(), bucket, key, opts)
	require.NoError(t, err)
	defer r.Close()
	content, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(content)
}

func TestMultipart(t *testing.T) {
	c, bucket := client(t, start(t))
	content := make([]byte, 12<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(content)
	_, err := c.Client.PutObject(t.Context(), bucket, "parts", bytes.NewReader(content), int64(len(content)),
		minio.PutObjectOptions{PartSize: 5 << 20, UserMetadata: map[string]string{"Kept": "yes"}})
	require.NoError(t, err)

	got := read(t, c, bucket, "parts", minio.GetObjectOptions{})
	require.Equal(t, sha256.Sum256(content), sha256.Sum256([]byte(got)))
	info, err := c.StatObject(t.Context(), bucket, "parts", minio.StatObjectOptions{})
	require.NoError(t, err)
	require.Equal(t, "yes", info.UserMetadata["Kept"])
	require.Equal(t, int64(len(content)), info.Size)
}

func TestMultipartRefusesWrongParts(t *testing.T) {
	c, bucket := client(t, start(t))
	id, err := c.NewMultipartUpload(t.Context(), bucket, "key", minio.PutObjectOptions{})
	require.NoError(t, err)
	var parts []minio.CompletePart
	for n := 1; n <= 2; n++ {
		p, err := c.PutObjectPart(t.Context(), bucket, "key", id, n, strings.NewReader("part"), 4, minio.PutObjectPartOptions{})
		require.NoError(t, err)
		parts = append(parts, minio.CompletePart{PartNumber: n, ETag: p.ETag})
	}
	listed, err := c.ListObjectParts(t.Context(), bucket, "key", id, 0, 10)
	require.NoError(t, err)
	require.Len(t, listed.ObjectParts, 2)

	tests := []struct {
		name   string
		upload string
		parts  []minio.CompletePart
		code   string
	}{
		{"unknown upload", "unknown", parts, minio.NoSuchUpload},
		{"wrong order", id, []minio.CompletePart{parts[1], parts[0]}, "InvalidPartOrder"},
		{"part that was not sent", id, []minio.CompletePart{parts[0], {PartNumber: 3, ETag: parts[0].ETag}}, "InvalidPart"},
		{"wrong tag", id, []minio.CompletePart{{PartNumber: 1, ETag: strings.Repeat("0", 32)}}, "InvalidPart"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := c.CompleteMultipartUpload(t.Context(), bucket, "key", test.upload, test.parts, minio.PutObjectOptions{})
			require.Equal(t, test.code, minio.ToErrorResponse(err).Code, "%v", err)
		})
	}
	_, err = c.CompleteMultipartUpload(t.Context(), bucket, "key", id, parts, minio.PutObjectOptions{})
	require.NoError(t, err)
	require.Equal(t, "partpart", read(t, c, bucket, "key", minio.GetObjectOptions{}))
}

func TestAbandonedUploadsLeaveNoFiles(t *testing.T) {
	dir := t.TempDir()
	s, err := objectserver.Start(t.Context(), dir, guard{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Stop()) }()
	c, bucket := client(t, s)
	files := func() int {
		folders, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, folders, 1)
		all, err := os.ReadDir(dir + "/" + folders[0].Name())
		require.NoError(t, err)
		return len(all)
	}
	begin := func() string {
		id, err := c.NewMultipartUpload(t.Context(), bucket, "key", minio.PutObjectOptions{})
		require.NoError(t, err)
		for range 2 { // the second replaces the first
			_, err = c.PutObjectPart(t.Context(), bucket, "key", id, 1, strings.NewReader("part"), 4, minio.PutObjectPartOptions{})
			require.NoError(t, err)
		}
		return id
	}
	id := begin()
	require.Equal(t, 1, files())
	require.NoError(t, c.AbortMultipartUpload(t.Context(), bucket, "key", id))
	require.Equal(t, 0, files())

	_, err = c.PutObjectPart(t.Context(), bucket, "key", id, 1, strings.NewReader("part"), 4, minio.PutObjectPartOptions{})
	require.Equal(t, minio.NoSuchUpload, minio.ToErrorResponse(err).Code)
	require.Equal(t, 0, files())

	begin()
	require.NoError(t, c.RemoveBucket(t.Context(), bucket))
	require.Equal(t, 0, files())
}

func TestCopy(t *testing.T) {
	c, bucket := client(t, start(t))
	const key = "a key/with+signs%20ü"
	_, err := c.Client.PutObject(t.Context(), bucket, key, strings.NewReader("content"), 7,
		minio.PutObjectOptions{ContentType: "text/plain"})
	require.NoError(t, err)
	for _, to := range []string{"copy", key} {
		_, err = c.Client.CopyObject(t.Context(), minio.CopyDestOptions{Bucket: bucket, Object: to,
			ReplaceMetadata: true, UserMetadata: map[string]string{"New": "1"}}, minio.CopySrcOptions{Bucket: bucket, Object: key})
		require.NoError(t, err)
		require.Equal(t, "content", read(t, c, bucket, to, minio.GetObjectOptions{}))
		info, err := c.StatObject(t.Context(), bucket, to, minio.StatObjectOptions{})
		require.NoError(t, err)
		require.Equal(t, "1", info.UserMetadata["New"])
	}
}

func TestRange(t *testing.T) {
	c, bucket := client(t, start(t))
	_, err := c.Client.PutObject(t.Context(), bucket, "key", strings.NewReader("0123456789"), 10, minio.PutObjectOptions{})
	require.NoError(t, err)
	tests := []struct {
		header, want string
	}{
		{"bytes=0-3", "0123"},
		{"bytes=4-", "456789"},
		{"bytes=-2", "89"},
		{"bytes=0-99", "0123456789"},
	}
	for _, test := range tests {
		t.Run(test.header, func(t *testing.T) {
			var opts minio.GetObjectOptions
			opts.Set("Range", test.header)
			require.Equal(t, test.want, read(t, c, bucket, "key", opts))
		})
	}
	var opts minio.GetObjectOptions
	opts.Set("Range", "bytes=10-")
	_, _, _, err = c.GetObject(t.Context(), bucket, "key", opts)
	require.Equal(t, "InvalidRange", minio.ToErrorResponse(err).Code)
}

func TestListByFolder(t *testing.T) {
	c, bucket := client(t, start(t))
	for _, key := range []string{"a", "b/1", "b/2", "b/c/3", "c", "d/4"} {
		_, err := c.Client.PutObject(t.Context(), bucket, key, strings.NewReader(""), 0, minio.PutObjectOptions{})
		require.NoError(t, err)
	}
	// One at a time, so that every entry is also a page's end.
	var got []string
	token := ""
	for range 20 {
		page, err := c.ListObjectsV2(bucket, "", "", token, "/", 1)
		require.NoError(t, err)
		for _, o := range page.Contents {
			got = append(got, o.Key)
		}
		for _, p := range page.CommonPrefixes {
			got = append(got, p.Prefix)
		}
		if !page.IsTruncated {
			break
		}
		token = page.NextContinuationToken
	}
	require.Equal(t, []string{"a", "b/", "c", "d/"}, got)

	v1, err := c.ListObjects(bucket, "b/", "b/1", "/", 10)
	require.NoError(t, err)
	require.Equal(t, "b/2", v1.Contents[0].Key)
	require.Equal(t, "b/c/", v1.CommonPrefixes[0].Prefix)
}

func TestSeveralServersInOneProcess(t *testing.T) {
	wd, err := os.Getwd()
	require.NoError(t, err)
	first, second := start(t), start(t)
	one, two := connect(t, first, "run1"), connect(t, second, "run1")
	require.NoError(t, one.Create(t.Context(), "run1-only-here"))
	names, err := two.Names(t.Context())
	require.NoError(t, err)
	require.Empty(t, names)
	names, err = one.Names(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"run1-only-here"}, names)

	now, err := os.Getwd()
	require.NoError(t, err)
	require.Equal(t, wd, now, "the working directory of the process has changed")
}

func TestConditionalPut(t *testing.T) {
	c, bucket := client(t, start(t))
	opts := minio.PutObjectOptions{}
	opts.SetMatchETagExcept("*")
	_, err := c.Client.PutObject(t.Context(), bucket, "key", strings.NewReader("first"), 5, opts)
	require.NoError(t, err)
	_, err = c.Client.PutObject(t.Context(), bucket, "key", strings.NewReader("other"), 5, opts)
	require.Equal(t, "PreconditionFailed", minio.ToErrorResponse(err).Code)
	require.Equal(t, "first", read(t, c, bucket, "key", minio.GetObjectOptions{}))
}

func TestWithoutSignature(t *testing.T) {
	s := start(t)
	store := connect(t, s, "run1")
	require.NoError(t, store.Create(t.Context(), "run1-private"))
	require.NoError(t, store.Put(t.Context(), "run1-private", "key", strings.NewReader("secret"), 6))
	signed, err := store.Presign(t.Context(), "run1-private", "key", time.Minute)
	require.NoError(t, err)
	plain, _, _ := strings.Cut(signed, "?")
	for _, address := range []string{s.URL() + "/", s.URL() + "/run1-private", plain} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		require.NoError(t, err)
		request.Close = true
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusForbidden, response.StatusCode, address)
	}
}

// A key is a name and not a path: one may continue another.
func TestNestedKeys(t *testing.T) {
	store := connect(t, start(t), "run1")
	require.NoError(t, store.Create(t.Context(), "run1-bucket"))
	for _, key := range []string{"a/b", "a", "a/b/c"} {
		require.NoError(t, store.Put(t.Context(), "run1-bucket", key, strings.NewReader(key), int64(len(key))))
	}
	for _, key := range []string{"a", "a/b", "a/b/c"} {
		r, err := store.Open(t.Context(), "run1-bucket", key)
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, errors.Join(err, r.Close()))
		require.Equal(t, key, string(content))
	}
}
