module go-webhook

go 1.25

require tidemill.dev/sdk v0.1.0

replace tidemill.dev/sdk => ./.tidemill/sdk
