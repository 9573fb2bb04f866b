namespace ImGateway.Edge.Operations.Reload;

/// <summary>The result of the last reload.</summary>
/// <param name="Succeeded">Whether the file is in force; otherwise the last valid configuration is.</param>
/// <param name="At">The time of the reload.</param>
/// <param name="By">The trigger.</param>
/// <param name="InForceSince">When, and by which trigger, the configuration in force was read.</param>
/// <param name="Changes">The changes, one line each.</param>
/// <param name="Warnings">Warnings about the configuration in force, one line each.</param>
/// <param name="Problems">Why the file is not in force, one line each.</param>
public sealed record ConfigurationStatus(
    bool Succeeded,
    DateTimeOffset At,
    string By,
    DateTimeOffset InForceSince,
    IReadOnlyList<string> Changes,
    IReadOnlyList<string> Warnings,
    IReadOnlyList<string> Problems);

/// <summary>Holds the result of the last reload for status pages and verbs.</summary>
sealed class LastReload
{
    readonly TimeProvider _time;
    volatile ConfigurationStatus _status;

    public LastReload(TimeProvider time)
    {
        _time = time;
        var now = time.GetUtcNow();
        _status = new ConfigurationStatus(Succeeded: true, now, "the start", now, [], [], []);
    }

    public ConfigurationStatus Status => _status;

    public void Record(string who, ReloadResult result)
    {
        var now = _time.GetUtcNow();
        var since = result is { Succeeded: true, Changes.Count: > 0 } ? now : _status.InForceSince;
        _status = new ConfigurationStatus(result.Succeeded, now, who, since, result.Changes, result.Warnings, result.Problems);
    }
}
