// Package log is the plugin's voice in the host's log: log.Info("paid", "order", id).
package log

import (
	"fmt"

	"tidemill.dev/sdk/internal/host"
)

// Line is one line that was written natively.
type Line struct {
	Level, Message string
	Fields         [][2]string
}

// Lines are those that were written natively, for tests.
var Lines []Line

var levels = [...]string{"trace", "debug", "info", "warn", "error"}

// Trace writes a line; fields are names and values in turn.
func Trace(message string, fields ...any) { write(0, message, fields) }

// Debug writes a line; fields are names and values in turn.
func Debug(message string, fields ...any) { write(1, message, fields) }

// Info writes a line; fields are names and values in turn.
func Info(message string, fields ...any) { write(2, message, fields) }

// Warn writes a line; fields are names and values in turn.
func Warn(message string, fields ...any) { write(3, message, fields) }

// Error writes a line; fields are names and values in turn.
func Error(message string, fields ...any) { write(4, message, fields) }

func write(level uint8, message string, fields []any) {
	pairs := make([][2]string, 0, len(fields)/2)
	for at := 0; at+1 < len(fields); at += 2 {
		pairs = append(pairs, [2]string{fmt.Sprint(fields[at]), fmt.Sprint(fields[at+1])})
	}
	if host.Log != nil {
		host.Log(level, message, pairs)
		return
	}
	host.Missing("log")
	Lines = append(Lines, Line{levels[level], message, pairs})
}
