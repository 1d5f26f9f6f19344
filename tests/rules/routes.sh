#!/bin/sh
# Who hears of what: one row a route, asked of Alertmanager's own router.
cd "$(dirname "$0")/../.." || exit 1
failed=0

goes_to() {  # receivers, then labels
    receivers=$1
    shift
    if ! said=$(amtool config routes test --config.file=rules/alertmanager.yml --verify.receivers="$receivers" "$@" 2>&1); then
        echo "$*: expected $receivers: $said"
        failed=1
    fi
}

integrations() {  # receiver, then its integrations in the order of the alphabet
    found=$(python3 - "$1" <<'EOF'
import sys, yaml
receivers = yaml.safe_load(open("rules/alertmanager.yml"))["receivers"]
mine = next(r for r in receivers if r["name"] == sys.argv[1])
print(" ".join(sorted(key.removesuffix("_configs") for key in mine if key != "name")))
EOF
)
    if [ "$found" != "$2" ]; then
        echo "receiver $1 has \"$found\" instead of \"$2\""
        failed=1
    fi
}

goes_to backstay,critical alertname=BackstayErrorRatioHigh service=shop severity=critical action=rollback
goes_to backstay,critical alertname=BackstayServiceDown service=shop severity=critical action=rollback
goes_to critical alertname=BackstayDatabaseLost service=shop severity=critical
goes_to error alertname=BackstayReceiverDown service=shop severity=error
goes_to error alertname=BackstayApprovalWaiting service=shop severity=error
goes_to warning alertname=BackstayCertificateExpires service=shop severity=warning
goes_to warning alertname=BackstayErrorRatioHigh service=shop severity=warning
goes_to info alertname=BackstayDisarmed service=shop severity=info
goes_to heartbeat alertname=BackstayWatchdog service=backstay severity=info
goes_to error alertname=SomebodyElses service=shop          # no severity: it must not get lost
goes_to error alertname=SomebodyElses severity=emergency

integrations critical "email slack webhook"
integrations error "email slack"
integrations warning slack
integrations info slack
integrations backstay webhook
exit $failed
