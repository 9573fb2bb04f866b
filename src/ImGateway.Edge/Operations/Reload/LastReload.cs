namespace ImGateway.Edge.Operations.Reload;

/// <summary>What came of the last reading of the configuration.</summary>
/// <param name="Succeeded">What the file says is in force; otherwise the last good configuration is.</param>
/// <param name="At">When it was read.</param>
/// <param name="By">Who asked for it.</param>
/// <param name="InForceSince">When that which is in force was read, and by whom.</param>
/// <param name="Changes">What it changed, one line each.</param>
/// <param name="Warnings">Of what is in force all the same, one line each.</param>
/// <param name="Problems">Why it is not in force, one line each.</param>
public sealed record ConfigurationStatus(
    bool Succeeded,
    DateTimeOffset At,
    string By,
    DateTimeOffset InForceSince,
    IReadOnlyList<string> Changes,
    IReadOnlyList<string> Warnings,
    IReadOnlyList<string> Problems);

/// <summary>Told by the reload, read by whoever wants to know.</summary>
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

    public void Ended(string who, ReloadResult result)
    {
        var now = _time.GetUtcNow();
        var since = result is { Succeeded: true, Changes.Count: > 0 } ? now : _status.InForceSince;
        _status = new ConfigurationStatus(result.Succeeded, now, who, since, result.Changes, result.Warnings, result.Problems);
    }
}
