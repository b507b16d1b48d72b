package video

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// movie is what an MP4 says of its H.264 track.
type movie struct {
	width, height int
	duration      float64  // seconds
	samples       []uint32 // sizes of the frames, in bytes, in the file's order
}

// maxSamples bounds the frames of a movie.
const maxSamples = 100_000

// bytes returns the size of all frames.
func (m movie) bytes() int64 {
	sum := int64(0)
	for _, size := range m.samples {
		sum += int64(size)
	}
	return sum
}

// readMovie reads an MP4 with one H.264 track, tracks of other kinds beside,
// and checks that every frame is within the file and made of whole units.
func readMovie(data []byte) (movie, error) {
	if kind, _, _, err := nextBox(data); err != nil || kind != "ftyp" {
		return movie{}, errors.New("it is not an MP4 video")
	}
	moov, err := box(data, "moov")
	if err != nil {
		return movie{}, err
	}
	for rest := moov; len(rest) > 0; {
		kind, body, after, err := nextBox(rest)
		if err != nil {
			return movie{}, err
		}
		if kind == "trak" {
			handler, err := box(body, "mdia", "hdlr")
			if err != nil {
				return movie{}, err
			}
			if len(handler) >= 12 && string(handler[8:12]) == "vide" {
				return readTrack(data, body)
			}
		}
		rest = after
	}
	return movie{}, errors.New("it has no video track")
}

// readTrack reads the track with the samples of file.
func readTrack(file, trak []byte) (movie, error) {
	var m movie
	header, err := box(trak, "mdia", "mdhd")
	if err != nil {
		return m, err
	}
	var scale, units uint64
	switch {
	case len(header) >= 20 && header[0] == 0:
		scale, units = uint64(word(header, 12)), uint64(word(header, 16))
	case len(header) >= 32 && header[0] == 1:
		scale, units = uint64(word(header, 20)), binary.BigEndian.Uint64(header[24:])
	}
	if scale == 0 || units == 0 {
		return m, errors.New("its track has no duration")
	}
	m.duration = float64(units) / float64(scale)

	table, err := box(trak, "mdia", "minf", "stbl")
	if err != nil {
		return m, err
	}
	description, err := box(table, "stsd")
	if err != nil {
		return m, err
	}
	// A count, then an entry: its size and kind, 24 bytes, width and height.
	if len(description) < 44 || string(description[12:16]) != "avc1" {
		return m, errors.New("its track is not H.264")
	}
	m.width = int(binary.BigEndian.Uint16(description[40:]))
	m.height = int(binary.BigEndian.Uint16(description[42:]))
	if m.samples, err = sampleSizes(table); err != nil {
		return m, err
	}
	return m, checkSamples(file, table, m.samples)
}

// sampleSizes returns the sizes of a track's samples.
func sampleSizes(table []byte) ([]uint32, error) {
	sizes, err := box(table, "stsz")
	if err != nil {
		return nil, err
	}
	if len(sizes) < 12 || word(sizes, 4) != 0 {
		return nil, errors.New("it has no sizes of frames")
	}
	count := word(sizes, 8)
	if count == 0 || count > maxSamples || len(sizes) < 12+4*int(count) {
		return nil, fmt.Errorf("it says that it has %d frames", count)
	}
	samples := make([]uint32, count)
	for i := range samples {
		samples[i] = word(sizes, 12+4*i)
	}
	return samples, nil
}

// checkSamples checks that each sample is where the chunks put it, within the
// file, and made of H.264 units with their lengths before them.
func checkSamples(file, table []byte, samples []uint32) error {
	offsets, err := box(table, "stco")
	if err != nil {
		return err
	}
	runs, err := box(table, "stsc")
	if err != nil {
		return err
	}
	if len(offsets) < 8 || len(offsets) < 8+4*int(word(offsets, 4)) || len(runs) < 20 || len(runs) < 8+12*int(word(runs, 4)) {
		return errors.New("its tables of chunks are cut off")
	}
	next, run := 0, 0
	for chunk := range int(word(offsets, 4)) {
		// A run of chunks lasts until the next one's first chunk, from 1.
		if run+1 < int(word(runs, 4)) && int(word(runs, 8+12*(run+1))) == chunk+1 {
			run++
		}
		at := uint64(word(offsets, 8+4*chunk))
		for range word(runs, 8+12*run+4) {
			if next == len(samples) {
				return errors.New("its chunks have more frames than it has sizes of")
			}
			end := at + uint64(samples[next])
			if end > uint64(len(file)) {
				return fmt.Errorf("frame %d ends at byte %d of %d", next, end, len(file))
			}
			if err := checkUnits(file[at:end]); err != nil {
				return fmt.Errorf("frame %d %w", next, err)
			}
			at = end
			next++
		}
	}
	if next != len(samples) {
		return fmt.Errorf("its chunks have %d frames, its sizes %d", next, len(samples))
	}
	return nil
}

// checkUnits checks that a sample is a row of H.264 units, one of them a slice
// of a picture.
func checkUnits(sample []byte) error {
	picture := false
	for len(sample) > 0 {
		if len(sample) < 5 || uint64(word(sample, 0)) > uint64(len(sample)-4) || word(sample, 0) == 0 {
			return errors.New("is not made of H.264 units")
		}
		kind := sample[4] & 31
		picture = picture || kind == 1 || kind == 5
		sample = sample[4+word(sample, 0):]
	}
	if !picture {
		return errors.New("has no picture")
	}
	return nil
}

// box returns the body of the first box on a path of kinds.
func box(data []byte, path ...string) ([]byte, error) {
	for _, want := range path {
		for {
			kind, body, after, err := nextBox(data)
			if err != nil {
				return nil, fmt.Errorf("it has no box %s: %w", want, err)
			}
			if kind == want {
				data = body
				break
			}
			data = after
		}
	}
	return data, nil
}

var errBox = errors.New("there is no whole box")

// nextBox returns the kind and the body of the first box, and what follows it.
func nextBox(data []byte) (kind string, body, after []byte, err error) {
	if len(data) < 8 {
		return "", nil, nil, errBox
	}
	size, head := uint64(word(data, 0)), uint64(8)
	switch {
	case size == 0: // to the end
		size = uint64(len(data))
	case size == 1 && len(data) >= 16:
		size, head = binary.BigEndian.Uint64(data[8:]), 16
	}
	if size < head || size > uint64(len(data)) {
		return "", nil, nil, errBox
	}
	return string(data[4:8]), data[head:size], data[size:], nil
}

// word returns the 32 bits at a place.
func word(data []byte, at int) uint32 { return binary.BigEndian.Uint32(data[at:]) }
