package roundtrips

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Trip is a round: when a function sent a datagram and received its echo, in
// Unix nanoseconds on the function's clock.
type Trip struct {
	ID             int // the datagram's number, at least 1
	Sent, Received int64
}

// header is the first row.
var header = []string{"id", "client_send", "client_rcv"}

// ParseCSV parses a function's times: the header, and rows of a number and two
// times in Unix seconds with up to nine decimals. Numbers go up, and an echo is
// not received before its datagram was sent.
func ParseCSV(data []byte) ([]Trip, error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.ReuseRecord = true
	r.FieldsPerRecord = len(header)
	first, err := r.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !slices.Equal(first, header) {
		return nil, fmt.Errorf("the first row is %q, want %s", first, strings.Join(header, ","))
	}
	var trips []Trip
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return trips, nil
		}
		if err != nil {
			return nil, err
		}
		t, err := parseRow(row)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", len(trips)+1, err)
		}
		if len(trips) > 0 && t.ID <= trips[len(trips)-1].ID {
			return nil, fmt.Errorf("row %d: id %d follows %d: want them in order", len(trips)+1, t.ID, trips[len(trips)-1].ID)
		}
		trips = append(trips, t)
	}
}

func parseRow(row []string) (Trip, error) {
	id, err := strconv.Atoi(row[0])
	if err != nil || id < 1 || id > maxNumber {
		return Trip{}, fmt.Errorf("id %q, want a number of at least 1", row[0])
	}
	sent, err := parseTime(row[1])
	if err != nil {
		return Trip{}, err
	}
	received, err := parseTime(row[2])
	if err != nil {
		return Trip{}, err
	}
	if received < sent {
		return Trip{}, fmt.Errorf("the echo of round %d is received before it is sent", id)
	}
	return Trip{id, sent, received}, nil
}

// parseTime parses seconds with decimals exactly.
func parseTime(text string) (int64, error) {
	whole, decimals, _ := strings.Cut(text, ".")
	digits := decimals + "000000000"[min(len(decimals), 9):]
	seconds, err := strconv.ParseUint(whole, 10, 33)
	nanoseconds, err2 := strconv.ParseUint(digits, 10, 32)
	if err != nil || err2 != nil || len(digits) > 9 {
		return 0, fmt.Errorf("time %q, want Unix seconds with up to nine decimals", text)
	}
	return int64(seconds)*1e9 + int64(nanoseconds), nil
}
