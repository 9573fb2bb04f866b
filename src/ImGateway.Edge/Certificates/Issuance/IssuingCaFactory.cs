using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Creates the CA of a configuration. A test replaces the CA by registering its own.</summary>
delegate IssuingCa CreateIssuingCa(EdgeOptions options);

/// <summary>Creates the CA of each configuration, with what all of them share.</summary>
sealed class IssuingCaFactory(
    IStorage storage, AcmeMetrics metrics, CertificateAudit audit, ChallengeResponders responders, TimeProvider time, ILoggerFactory loggers) : IDisposable
{
    readonly AsyncLock _registrationLock = new();
    readonly Dictionary<string, IssuanceBudget> _budgets = new(StringComparer.Ordinal);

    public IssuingCa Of(EdgeOptions options)
    {
        var connection = new AcmeServerFactory(options, metrics, time);
        var validation = new ChallengeValidation(responders.Of(options), loggers.CreateLogger<ChallengeValidation>());
        var issuer = new CertificateIssuer(
            options, storage, connection, new AcmeAccounts(options, storage, audit, _registrationLock), validation, time, loggers.CreateLogger<CertificateIssuer>());
        return new IssuingCa(issuer, BudgetAt(AcmePaths.Limits(options)));
    }

    public void Dispose()
    {
        _registrationLock.Dispose();
        foreach (var budget in _budgets.Values) budget.Dispose();
    }

    /// <summary>One budget for each CA, over all configurations, because a renewal of an earlier configuration may still use it.</summary>
    IssuanceBudget BudgetAt(string key)
    {
        if (!_budgets.TryGetValue(key, out var budget)) _budgets[key] = budget = new IssuanceBudget(storage, key, time, metrics.Remaining);
        return budget;
    }
}
