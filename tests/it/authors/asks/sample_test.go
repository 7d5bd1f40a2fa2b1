package plugin

import (
	"testing"

	"tidemill.dev/sdk/bus"
	"tidemill.dev/sdk/log"
	"tidemill.dev/sdk/state"
	"tidemill.dev/sdk/tidemilltest"
)

func TestASampleIsWhatAHostWouldSend(t *testing.T) {
	plain := tidemilltest.Event("order.created", "{}")
	expect(t, plain.Type()+plain.ID()+plain.Source()+plain.Subject()+plain.ContentType(), "order.created1/test")
	expect(t, string(plain.Data()), "{}")
	expect(t, plain.IsJSON(), true)
	whole := tidemilltest.Sample{
		Type: "a.b", ID: "7", Source: "/s", Subject: "é", ContentType: "text/plain", TimeMS: 1 << 40, Data: []byte("Zoë"),
		Extensions: map[string]any{"origin": "here", "level": 3, "last": true},
	}.Event()
	expect(t, whole.Type()+whole.ID()+whole.Source()+whole.Subject()+whole.ContentType(), "a.b7/sétext/plain")
	expect(t, whole.TimeMS(), 1<<40)
	text, err := whole.Text()
	expect(t, text, "Zoë")
	expect(t, err, nil)
	for name, want := range map[string]string{"origin": "here", "level": "3", "last": "true"} {
		value, _ := whole.Extension(name)
		expect(t, value, want)
	}
	rows, arena := tidemilltest.Rows(tidemilltest.Sample{Type: "a"}, tidemilltest.Sample{Type: "b"})
	expect(t, len(rows), 128)
	expect(t, string(arena), "1/testa1/testb")
}

func TestClearForgets(t *testing.T) {
	log.Info("came", "order", 7)
	expect(t, log.Lines[0].Message, "came")
	expect(t, bus.Publish(bus.Event{Type: "alert.high"}), nil)
	expect(t, bus.Published[0].Type, "alert.high")
	state.Put("a", []byte("b"))
	tidemilltest.Clear()
	expect(t, len(log.Lines)+len(bus.Published), 0)
	_, there := state.Get("a")
	expect(t, there, false)
}
