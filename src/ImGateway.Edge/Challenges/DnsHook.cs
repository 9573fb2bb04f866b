using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Challenges;

/// <summary>
/// dns-01 (RFC 8555 §8.4) by an operator's program, called as <c>present NAME VALUE</c> and <c>cleanup NAME VALUE</c>. The program returns once
/// the record can be resolved. A domain and its wildcard have the same NAME, so it must add and remove only the given VALUE.
/// </summary>
sealed partial class DnsHook(EdgeOptions options, HookProgram program, ILogger<DnsHook> logger) : IChallengeResponder
{
    const string Key = "Edge:Acme:DnsHook";

    /// <summary>Length of a digest of 32 bytes in base64url without padding.</summary>
    const int ValueLength = 43;

    /// <summary>The time-out of the program; slow DNS providers need about one minute.</summary>
    static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    public string Type => ChallengeTypes.Dns;

    public bool CanAnswer(HostName host) => options.Acme.DnsHook is not null && !host.IsAddress;

    public async Task<IAsyncDisposable> PresentAsync(ChallengeData offer, CancellationToken cancellationToken)
    {
        if (!CanAnswer(offer.Host)) throw new ChallengeException($"{Key}: needed for dns-01 of {offer.Host}, which must be a name; name the program there");
        // The value is derived from input of the CA; the name is configured.
        if (offer.TxtValue.Length != ValueLength || !Base64UrlText.IsToken(offer.TxtValue))
            throw new ChallengeException($"{offer.Host}: the value for dns-01 is not base64url of a SHA-256 digest");

        var name = RecordName(offer.Host);
        HookResult result;
        try
        {
            result = await RunAsync("present", name, offer.TxtValue, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await CleanUpAsync(name, offer.TxtValue);
            throw;
        }

        if (result.IsSuccess) return new Withdrawal(() => CleanUpAsync(name, offer.TxtValue));

        // A failed call may have left a record.
        if (result.Started) await CleanUpAsync(name, offer.TxtValue);
        throw new ChallengeException($"{Key}: present {name} {result.Describe(Timeout)}");
    }

    internal static string RecordName(HostName host) => "_acme-challenge." + host.Domain;

    /// <summary>Runs after every order, also during a stop, within the time-out.</summary>
    async ValueTask CleanUpAsync(string name, string value)
    {
        var result = await RunAsync("cleanup", name, value, CancellationToken.None);
        if (!result.IsSuccess) CleanUpFailed(logger, name, result.Describe(Timeout));
    }

    Task<HookResult> RunAsync(string verb, string name, string value, CancellationToken cancellationToken) =>
        program.RunAsync([options.Acme.DnsHook!, verb, name, value], HookProgram.FixedEnvironment, Timeout, cancellationToken);

    [LoggerMessage(1, LogLevel.Warning, "Edge:Acme:DnsHook: cleanup {Name} {Problem}; remove the TXT record by hand")]
    static partial void CleanUpFailed(ILogger logger, string name, string problem);
}
