using ImGateway.Acme;
using Prometheus;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Metrics of requests to CAs and of remaining limits. All labels are bounded.</summary>
sealed class AcmeMetrics
{
    const string None = "none";

    readonly Counter _requests;
    readonly Gauge _remaining;

    public AcmeMetrics(IMetricFactory metrics)
    {
        _requests = metrics.CreateCounter(
            "imgw_acme_requests_total", "Requests to the CA, by what was asked and what it found wrong (none: nothing).", ["operation", "problem"]);
        _remaining = metrics.CreateGauge(
            "imgw_acme_rate_limit_remaining",
            "What is left of the CA's limits by this edge's own count, for the name that is closest to each. At 1 certificates are ordered only for hosts without a valid one.",
            ["limit"]);
        foreach (var operation in AcmeRequestOutcome.Operations) _requests.WithLabels(operation, None);
    }

    public void Requested(AcmeRequestOutcome outcome) =>
        _requests.WithLabels(outcome.Operation, outcome.Problem ?? (outcome.Status is >= 200 and < 400 ? None : "other")).Inc();

    public void Remaining(IssuanceLimit limit, int left) => _remaining.WithLabels(limit.Name).Set(left);
}
