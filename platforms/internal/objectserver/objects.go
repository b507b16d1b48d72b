package objectserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// PutObject stores an object, unless its content does not have the checksum
// that the client sent or a condition does not hold.
func (s *store) PutObject(_ context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	var out s3response.PutObjectOutput
	body, err := checked(in.Body, []checksum{
		{in.ChecksumCRC32, utils.HashTypeCRC32},
		{in.ChecksumCRC32C, utils.HashTypeCRC32C},
		{in.ChecksumCRC64NVME, utils.HashTypeCRC64NVME},
		{in.ChecksumSHA1, utils.HashTypeSha1},
		{in.ChecksumSHA256, utils.HashTypeSha256},
	})
	if err != nil {
		return out, err
	}
	c, err := s.write(body)
	if err != nil {
		return out, err
	}
	o := object{content: c, modified: time.Now(), header: newHeader(in.ContentType, in.ContentEncoding,
		in.ContentDisposition, in.ContentLanguage, in.CacheControl, in.Expires, in.Metadata)}
	if err := s.commit(in.Bucket, in.Key, o, in.IfMatch, in.IfNoneMatch); err != nil {
		return out, err
	}
	return s3response.PutObjectOutput{ETag: o.etag, Size: &o.size}, nil
}

// commit makes o the object called key if the conditions hold, and deletes the
// content that is then without use: what was replaced, or o's own.
func (s *store) commit(name, key *string, o object, ifMatch, ifNoneMatch *string) error {
	useless, err := func() (content, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		b, err := s.bucket(name)
		if err != nil {
			return o.content, err
		}
		old, exists := b.objects[*key]
		if err := backend.EvaluateObjectPutPreconditions(old.etag, ifMatch, ifNoneMatch, exists); err != nil {
			return o.content, err
		}
		return b.put(*key, o), nil
	}()
	if discarded := s.discard(useless); discarded != nil && err == nil {
		return discarded
	}
	return err
}

// open returns an object and its content, which stays readable when the
// object is deleted or replaced.
func (s *store) open(name, key *string) (object, *os.File, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	o, err := s.find(name, key)
	if err != nil {
		return object{}, nil, err
	}
	f, err := os.Open(o.file)
	return o, f, err
}

// find returns an existing object. The caller holds the mutex.
func (s *store) find(name, key *string) (object, error) {
	b, err := s.bucket(name)
	if err != nil {
		return object{}, err
	}
	o, exists := b.objects[text(key)]
	if !exists {
		return object{}, s3err.GetAPIError(s3err.ErrNoSuchKey)
	}
	return o, nil
}

// GetObject returns an object or a range of it.
func (s *store) GetObject(_ context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	o, f, err := s.open(in.Bucket, in.Key)
	if err != nil {
		return nil, err
	}
	d, err := o.stretch(in.Range, in.PartNumber, backend.PreConditions{
		IfMatch: in.IfMatch, IfNoneMatch: in.IfNoneMatch,
		IfModSince: in.IfModifiedSince, IfUnmodeSince: in.IfUnmodifiedSince,
	})
	if err != nil {
		if closed := f.Close(); closed != nil {
			return nil, errors.Join(err, closed)
		}
		return nil, err
	}
	body := io.ReadCloser(f)
	if d.length != o.size {
		body = &section{io.NewSectionReader(f, d.start, d.length), f}
	}
	return &s3.GetObjectOutput{
		Body:               body,
		ContentLength:      &d.length,
		ContentRange:       backend.GetPtrFromString(d.rangeOf),
		AcceptRanges:       backend.GetPtrFromString("bytes"),
		ETag:               &o.etag,
		LastModified:       &o.modified,
		ContentType:        backend.GetPtrFromString(o.header.kind),
		ContentEncoding:    backend.GetPtrFromString(o.header.encoding),
		ContentDisposition: backend.GetPtrFromString(o.header.disposition),
		ContentLanguage:    backend.GetPtrFromString(o.header.language),
		CacheControl:       backend.GetPtrFromString(o.header.cache),
		ExpiresString:      backend.GetPtrFromString(o.header.expires),
		Metadata:           o.header.metadata,
	}, nil
}

// HeadObject returns what GetObject does without the content.
func (s *store) HeadObject(_ context.Context, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	s.mu.RLock()
	o, err := s.find(in.Bucket, in.Key)
	s.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	d, err := o.stretch(in.Range, in.PartNumber, backend.PreConditions{
		IfMatch: in.IfMatch, IfNoneMatch: in.IfNoneMatch,
		IfModSince: in.IfModifiedSince, IfUnmodeSince: in.IfUnmodifiedSince,
	})
	if err != nil {
		return nil, err
	}
	return &s3.HeadObjectOutput{
		ContentLength:      &d.length,
		ContentRange:       backend.GetPtrFromString(d.rangeOf),
		AcceptRanges:       backend.GetPtrFromString("bytes"),
		ETag:               &o.etag,
		LastModified:       &o.modified,
		ContentType:        backend.GetPtrFromString(o.header.kind),
		ContentEncoding:    backend.GetPtrFromString(o.header.encoding),
		ContentDisposition: backend.GetPtrFromString(o.header.disposition),
		ContentLanguage:    backend.GetPtrFromString(o.header.language),
		CacheControl:       backend.GetPtrFromString(o.header.cache),
		ExpiresString:      backend.GetPtrFromString(o.header.expires),
		Metadata:           o.header.metadata,
	}, nil
}

// stretch is the part of an object that a request asks for.
type stretch struct {
	start, length int64
	rangeOf       string // as Content-Range; empty: the whole
}

// stretch returns the part that is asked for, if the conditions hold.
func (o object) stretch(byteRange *string, number *int32, conditions backend.PreConditions) (stretch, error) {
	if err := backend.EvaluatePreconditions(o.etag, o.modified, conditions); err != nil {
		return stretch{}, err
	}
	if number != nil && *number > 1 {
		return stretch{}, s3err.GetInvalidPartNumberRangeErr(1, *number)
	}
	start, length, partial, err := backend.ParseObjectRange(o.size, text(byteRange))
	if err != nil {
		return stretch{}, err
	}
	d := stretch{start: start, length: length}
	if partial {
		d.rangeOf = fmt.Sprintf("bytes %d-%d/%d", start, start+length-1, o.size)
	}
	return d, nil
}

// section is a part of a file that closes the file.
type section struct {
	io.Reader
	io.Closer
}

// CopyObject copies an object, also onto itself.
func (s *store) CopyObject(_ context.Context, in s3response.CopyObjectInput) (s3response.CopyObjectOutput, error) {
	var out s3response.CopyObjectOutput
	name, key, _, err := backend.ParseCopySource(text(in.CopySource))
	if err != nil {
		return out, err
	}
	o, f, err := s.open(&name, &key)
	if err != nil {
		return out, err
	}
	defer f.Close()
	if o.content, err = s.write(f); err != nil {
		return out, err
	}
	o.modified = time.Now()
	if in.MetadataDirective == types.MetadataDirectiveReplace {
		o.header = newHeader(in.ContentType, in.ContentEncoding,
			in.ContentDisposition, in.ContentLanguage, in.CacheControl, in.Expires, in.Metadata)
	}
	if err := s.commit(in.Bucket, in.Key, o, nil, nil); err != nil {
		return out, err
	}
	out.CopyObjectResult = &s3response.CopyObjectResult{ETag: &o.etag, LastModified: &o.modified}
	return out, nil
}

// DeleteObject deletes an object; a missing one is not an error.
func (s *store) DeleteObject(_ context.Context, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	s.mu.Lock()
	b, err := s.bucket(in.Bucket)
	var c content
	if err == nil {
		c = b.delete(text(in.Key))
	}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return &s3.DeleteObjectOutput{}, s.discard(c)
}

// DeleteObjects deletes many objects.
func (s *store) DeleteObjects(ctx context.Context, in *s3.DeleteObjectsInput) (s3response.DeleteResult, error) {
	var result s3response.DeleteResult
	for _, o := range in.Delete.Objects {
		if _, err := s.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: in.Bucket, Key: o.Key}); err != nil {
			return result, err
		}
		result.Deleted = append(result.Deleted, types.DeletedObject{Key: o.Key})
	}
	return result, nil
}

// checksum is what a client says that its content has.
type checksum struct {
	value *string
	kind  utils.HashType
}

// checked returns a reader of r that ends in an error if a checksum is wrong.
func checked(r io.Reader, sums []checksum) (io.Reader, error) {
	for _, sum := range sums {
		if sum.value == nil {
			continue
		}
		h, err := utils.NewHashReader(r, *sum.value, sum.kind)
		if err != nil {
			return nil, err
		}
		r = h
	}
	return r, nil
}
