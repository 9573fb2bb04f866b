using ImGateway.Acme;
using Prometheus;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>What was asked of CAs and what is left of their limits. Every label is one of few.</summary>
sealed class AcmeMetrics(IMetricFactory metrics)
{
    readonly Counter _requests = metrics.CreateCounter(
        "imgw_acme_requests_total", "Requests to ACME servers, by what was asked and what was wrong (none: nothing).", ["operation", "problem"]);

    readonly Gauge _remaining = metrics.CreateGauge(
        "imgw_acme_rate_limit_remaining", "What is left of the CA's limits, by this edge's own count, for the name closest to each.", ["limit"]);

    public void Requested(AcmeRequestOutcome outcome) =>
        _requests.WithLabels(outcome.Operation, outcome.Problem ?? (outcome.Status is >= 200 and < 400 ? "none" : "other")).Inc();

    public void Remaining(IssuanceLimit limit, int left) => _remaining.WithLabels(limit.Name).Set(left);
}
