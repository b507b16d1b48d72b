package objectserver

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// upload is an object that arrives in parts. It is guarded by the store's
// mutex.
type upload struct {
	key    string
	header header
	parts  map[int32]part
}

// part is a part of an upload.
type part struct {
	content
	modified time.Time
}

// contents returns the parts that have arrived.
func (u *upload) contents() []content {
	all := make([]content, 0, len(u.parts))
	for _, p := range u.parts {
		all = append(all, p.content)
	}
	return all
}

// CreateMultipartUpload begins an upload.
func (s *store) CreateMultipartUpload(_ context.Context, in s3response.CreateMultipartUploadInput) (s3response.InitiateMultipartUploadResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return s3response.InitiateMultipartUploadResult{}, err
	}
	id := rand.Text()
	b.uploads[id] = &upload{key: keep(in.Key), parts: map[int32]part{}, header: newHeader(in.ContentType, in.ContentEncoding,
		in.ContentDisposition, in.ContentLanguage, in.CacheControl, in.Expires, in.Metadata)}
	return s3response.InitiateMultipartUploadResult{Bucket: *in.Bucket, Key: *in.Key, UploadId: id}, nil
}

// upload returns an unfinished upload. The caller holds the mutex.
func (s *store) upload(name, key, id *string) (*bucket, *upload, error) {
	b, err := s.bucket(name)
	if err != nil {
		return nil, nil, err
	}
	u := b.uploads[text(id)]
	if u == nil || u.key != text(key) {
		return nil, nil, s3err.GetNoSuchUploadErr(text(id))
	}
	return b, u, nil
}

// UploadPart stores a part, replacing the one with the same number.
func (s *store) UploadPart(_ context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	body, err := checked(in.Body, []checksum{
		{in.ChecksumCRC32, utils.HashTypeCRC32},
		{in.ChecksumCRC32C, utils.HashTypeCRC32C},
		{in.ChecksumCRC64NVME, utils.HashTypeCRC64NVME},
		{in.ChecksumSHA1, utils.HashTypeSha1},
		{in.ChecksumSHA256, utils.HashTypeSha256},
	})
	if err != nil {
		return nil, err
	}
	c, err := s.write(body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	useless := c
	_, u, err := s.upload(in.Bucket, in.Key, in.UploadId)
	if err == nil {
		useless = u.parts[*in.PartNumber].content
		u.parts[*in.PartNumber] = part{c, time.Now()}
	}
	s.mu.Unlock()
	if discarded := s.discard(useless); err == nil {
		err = discarded
	}
	if err != nil {
		return nil, err
	}
	return &s3.UploadPartOutput{ETag: &c.etag}, nil
}

// ListParts lists the parts of an upload by number.
func (s *store) ListParts(_ context.Context, in *s3.ListPartsInput) (s3response.ListPartsResult, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, u, err := s.upload(in.Bucket, in.Key, in.UploadId)
	if err != nil {
		return s3response.ListPartsResult{}, err
	}
	out := s3response.ListPartsResult{Bucket: *in.Bucket, Key: *in.Key, UploadID: *in.UploadId, MaxParts: maxParts}
	for _, number := range slices.Sorted(maps.Keys(u.parts)) {
		p := u.parts[number]
		out.Parts = append(out.Parts, s3response.Part{
			PartNumber: int(number), LastModified: p.modified, ETag: p.etag, Size: p.size,
		})
	}
	return out, nil
}

// CompleteMultipartUpload makes the listed parts an object.
func (s *store) CompleteMultipartUpload(_ context.Context, in *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	var out s3response.CompleteMultipartUploadResult
	etag, err := backend.ComputeMultipartETagFromPartETags(in.MultipartUpload.Parts)
	if err != nil {
		return out, "", err
	}
	u, err := s.take(in)
	if err != nil {
		return out, "", err
	}
	parts := make([]content, len(in.MultipartUpload.Parts))
	for i, p := range in.MultipartUpload.Parts {
		parts[i] = u.parts[*p.PartNumber].content
	}
	c, err := s.concatenate(parts)
	if discarded := s.discard(u.contents()...); err == nil {
		err = discarded
	}
	if err != nil {
		return out, "", err
	}
	c.etag = etag
	o := object{content: c, modified: time.Now(), header: u.header}
	if err := s.commit(in.Bucket, in.Key, o, in.IfMatch, in.IfNoneMatch); err != nil {
		return out, "", err
	}
	out.Bucket, out.Key, out.ETag = in.Bucket, in.Key, &o.etag
	return out, "", nil
}

// take withdraws an upload that has all parts that the client lists, by
// ascending number.
func (s *store) take(in *s3.CompleteMultipartUploadInput) (*upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, u, err := s.upload(in.Bucket, in.Key, in.UploadId)
	if err != nil {
		return nil, err
	}
	last := int32(0)
	for _, p := range in.MultipartUpload.Parts {
		if *p.PartNumber <= last {
			return nil, s3err.GetAPIError(s3err.ErrInvalidPartOrder)
		}
		last = *p.PartNumber
		if have, ok := u.parts[last]; !ok || !backend.AreEtagsSame(have.etag, *p.ETag) {
			return nil, s3err.GetInvalidPartErr(*in.UploadId, last, *p.ETag)
		}
	}
	delete(b.uploads, *in.UploadId)
	return u, nil
}

// AbortMultipartUpload discards an upload.
func (s *store) AbortMultipartUpload(_ context.Context, in *s3.AbortMultipartUploadInput) error {
	s.mu.Lock()
	b, u, err := s.upload(in.Bucket, in.Key, in.UploadId)
	if err == nil {
		delete(b.uploads, *in.UploadId)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.discard(u.contents()...)
}
