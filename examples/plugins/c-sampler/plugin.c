/* Keeps a part of the events, chosen by their subject, so that whatever belongs together is kept or dropped together. */
#include "tidemill.h"

const tidemill_manifest tidemill_plugin = {
    .name = "c-sampler",
    .version = "0.1.0",
    .summary = "Keeps some percent of all traces",
    .subscribes = "trace.*",
    .without_data = true,
    .config_schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
                     "\"percent\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":100}}}",
};

static int64_t percent = 10;

bool tidemill_configure(tidemill_text config, tidemill_buffer *why) {
    tidemill_text value;
    if (!tidemill_json_find(config, "/percent", &value)) return true;
    if (tidemill_json_as_integer(value, &percent) && percent >= 0 && percent <= 100) return true;
    tidemill_add_str(why, "config.percent: expected a whole number from 0 to 100");
    return false;
}

/* FNV-1a, mixed once more (as in MurmurHash3) since only the remainder of it counts. */
static uint32_t hash(tidemill_text text) {
    uint32_t sum = 2166136261u;
    for (size_t i = 0; i < text.size; i++) sum = (sum ^ (uint8_t)text.data[i]) * 16777619u;
    sum = (sum ^ sum >> 16) * 0x85ebca6bu;
    sum = (sum ^ sum >> 13) * 0xc2b2ae35u;
    return sum ^ sum >> 16;
}

tidemill_verdict tidemill_decide(const tidemill_event *event) {
    tidemill_text key = tidemill_event_subject(event);
    if (!key.size) key = tidemill_event_id(event);
    bool chosen = hash(key) % 100 < (uint32_t)percent;
    tidemill_meter_add(chosen ? "kept" : "left_out", 1);
    return chosen ? TIDEMILL_KEEP : TIDEMILL_DROP;
}
