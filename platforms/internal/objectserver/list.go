package objectserver

import (
	"context"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// listing is a part of a bucket's keys in byte order.
type listing struct {
	objects   []s3response.Object
	prefixes  []types.CommonPrefix
	last      string // the last key or common prefix listed
	truncated bool   // there are more after last
}

// list lists up to most keys that begin with prefix and come after the key or
// common prefix after. Keys that have the delimiter behind the prefix are
// listed once, up to it.
func (b *bucket) list(prefix, delimiter, after string, most int) listing {
	var l listing
	if most <= 0 {
		return l
	}
	from, found := slices.BinarySearch(b.keys, max(prefix, after))
	if found && b.keys[from] == after {
		from++
	}
	for _, key := range b.keys[from:] {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok {
			break
		}
		common := ""
		if delimiter != "" {
			if head, _, ok := strings.Cut(rest, delimiter); ok {
				common = prefix + head + delimiter
			}
		}
		if common != "" && (common == l.last || common == after) {
			continue
		}
		if len(l.objects)+len(l.prefixes) == most {
			l.truncated = true
			break
		}
		if common != "" {
			l.prefixes = append(l.prefixes, types.CommonPrefix{Prefix: &common})
			l.last = common
			continue
		}
		o := b.objects[key]
		l.objects = append(l.objects, s3response.Object{
			Key: &key, Size: &o.size, ETag: &o.etag, LastModified: &o.modified,
			StorageClass: types.ObjectStorageClassStandard,
		})
		l.last = key
	}
	return l
}

// ListObjectsV2 lists objects, continued by token.
func (s *store) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input) (s3response.ListObjectsV2Result, error) {
	token, err := base64.RawURLEncoding.DecodeString(text(in.ContinuationToken))
	if err != nil {
		return s3response.ListObjectsV2Result{}, s3err.GetAPIError(s3err.ErrInvalidRequest)
	}
	l, err := s.list(in.Bucket, in.Prefix, in.Delimiter, max(text(in.StartAfter), string(token)), in.MaxKeys)
	if err != nil {
		return s3response.ListObjectsV2Result{}, err
	}
	count := int32(len(l.objects) + len(l.prefixes))
	out := s3response.ListObjectsV2Result{
		Name: in.Bucket, Prefix: in.Prefix, Delimiter: in.Delimiter, StartAfter: in.StartAfter,
		ContinuationToken: in.ContinuationToken, MaxKeys: in.MaxKeys, KeyCount: &count,
		Contents: l.objects, CommonPrefixes: l.prefixes, IsTruncated: &l.truncated,
	}
	if l.truncated {
		next := base64.RawURLEncoding.EncodeToString([]byte(l.last)) // a key may have what XML has not
		out.NextContinuationToken = &next
	}
	if asksEncoded(ctx) {
		out.EncodingType = types.EncodingTypeUrl
		l.encode(&out.Prefix, &out.Delimiter, &out.StartAfter)
	}
	return out, nil
}

// ListObjects lists objects, continued by marker.
func (s *store) ListObjects(ctx context.Context, in *s3.ListObjectsInput) (s3response.ListObjectsResult, error) {
	l, err := s.list(in.Bucket, in.Prefix, in.Delimiter, text(in.Marker), in.MaxKeys)
	if err != nil {
		return s3response.ListObjectsResult{}, err
	}
	out := s3response.ListObjectsResult{
		Name: in.Bucket, Prefix: in.Prefix, Delimiter: in.Delimiter, Marker: in.Marker, MaxKeys: in.MaxKeys,
		Contents: l.objects, CommonPrefixes: l.prefixes, IsTruncated: &l.truncated,
	}
	if l.truncated {
		out.NextMarker = backend.GetPtrFromString(l.last)
	}
	if asksEncoded(ctx) {
		out.EncodingType = types.EncodingTypeUrl
		l.encode(&out.Prefix, &out.Delimiter, &out.Marker, &out.NextMarker)
	}
	return out, nil
}

// encoded is the key of a request's context under which there is something if
// its answer is to have keys as they are in a URL: XML has no control
// characters.
type encoded struct{}

func asksEncoded(ctx context.Context) bool { return ctx.Value(encoded{}) != nil }

// encode writes the keys of a listing, and other texts, as they are in a URL.
func (l *listing) encode(texts ...**string) {
	for i := range l.objects {
		texts = append(texts, &l.objects[i].Key)
	}
	for i := range l.prefixes {
		texts = append(texts, &l.prefixes[i].Prefix)
	}
	for _, t := range texts {
		if *t != nil {
			escaped := strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(**t))
			*t = &escaped
		}
	}
}

// list lists part of an existing bucket.
func (s *store) list(name, prefix, delimiter *string, after string, most *int32) (listing, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bucket(name)
	if err != nil {
		return listing{}, err
	}
	const usual = 1000
	limit := usual
	if most != nil {
		limit = int(*most)
	}
	return b.list(text(prefix), text(delimiter), after, limit), nil
}
