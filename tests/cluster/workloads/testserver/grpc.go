package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sort"
	"strings"
	"time"
)

const healthCheck = "/grpc.health.v1.Health/Check"

// Codes of gRPC's own errors.
const (
	invalidArgument = 3
	notFound        = 5
	unimplemented   = 12
)

// servingStatus are the answers of grpc.health.v1.HealthCheckResponse.
var servingStatus = map[string]byte{"UNKNOWN": 0, "SERVING": 1, "NOT_SERVING": 2, "SERVICE_UNKNOWN": 3}

func answers() []string {
	names := []string{"UNIMPLEMENTED"}
	for name := range servingStatus {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// grpcHandler is a gRPC server with the health service alone, or with none if the answer is UNIMPLEMENTED.
func grpcHandler(o options) (http.Handler, error) {
	status, known := servingStatus[o.grpc]
	if !known && o.grpc != "UNIMPLEMENTED" {
		return nil, fmt.Errorf("-grpc %s is not one of: %s", o.grpc, strings.Join(answers(), ", "))
	}
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		time.Sleep(o.delay)
		response.Header().Set("Content-Type", "application/grpc")
		service, err := requestedService(request.Body)
		switch {
		case !known || request.URL.Path != healthCheck:
			end(response, unimplemented, "unknown service grpc.health.v1.Health")
		case err != nil:
			end(response, invalidArgument, err.Error())
		case service != "" && service != o.grpcService:
			end(response, notFound, "unknown service")
		default:
			// Field 1, a varint; the five bytes before it say that it is not compressed, and its length.
			response.Write([]byte{0, 0, 0, 0, 2, 1<<3 | 0, status})
			end(response, 0, "")
		}
	}), nil
}

// requestedService reads a HealthCheckRequest: field 1, a string.
func requestedService(body io.Reader) (string, error) {
	read, err := io.ReadAll(io.LimitReader(body, 1<<10))
	if err != nil || len(read) < 5 || int(binary.BigEndian.Uint32(read[1:])) != len(read)-5 {
		return "", errors.New("not one message")
	}
	message := read[5:]
	if len(message) == 0 {
		return "", nil
	}
	if len(message) < 2 || message[0] != 1<<3|2 || int(message[1]) != len(message)-2 {
		return "", errors.New("not a HealthCheckRequest")
	}
	return string(message[2:]), nil
}

func end(response http.ResponseWriter, code int, message string) {
	response.Header().Set(http.TrailerPrefix+"Grpc-Status", fmt.Sprint(code))
	response.Header().Set(http.TrailerPrefix+"Grpc-Message", message)
}
