using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>The configured CA. Its directory is fetched once, for all checks that need it.</summary>
sealed class CaDirectory : IAsyncDisposable
{
    static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(10);

    // Clock differences that TLS and ACME tolerate in practice, and from which CAs reject requests.
    static readonly TimeSpan SmallSkew = TimeSpan.FromSeconds(60), LargeSkew = TimeSpan.FromMinutes(5);

    readonly EdgeOptions _options;
    readonly Uri _directory;
    readonly TimeProvider _time;
    readonly Lazy<Task<Answer>> _answer;

    CaDirectory(EdgeOptions options, Uri directory, TimeProvider time)
    {
        (_options, _directory, _time) = (options, directory, time);
        _answer = new Lazy<Task<Answer>>(AskAsync);
    }

    public string Name => _directory.Host;

    /// <summary>Null if certificates do not come from an ACME CA.</summary>
    public static CaDirectory? Of(EdgeOptions options, TimeProvider time) =>
        options.Certificates.Source is CertificateSource.Acme && AcmeDirectories.UrlOf(options.Acme.Directory) is { } directory
            ? new CaDirectory(options, directory, time)
            : null;

    /// <summary>Checks whether the CA answers, and its requirements: terms of service, external account.</summary>
    public async Task<IEnumerable<Finding>> CheckAsync(EdgeOptions options, CancellationToken cancellationToken)
    {
        const string check = "ca";
        var answer = await _answer.Value.WaitAsync(cancellationToken);
        if (answer.Directory is not { } directory) return [new(check, FindingStatus.Fail, SingleLine.Escape(answer.Problem!), answer.Remedy)];

        List<Finding> findings = [new(check, FindingStatus.Ok, SingleLine.Escape($"{_directory} answers{(directory.TermsOfService is { } terms ? $"; its terms: {terms}" : "")}"))];
        if (directory.ExternalAccountRequired && options.Acme.ExternalAccount.KeyId is null)
        {
            findings.Add(new(check, FindingStatus.Fail, $"{Name} binds accounts to its customers (EAB)", "set Edge:Acme:ExternalAccount:KeyId and :HmacKeyFile to what it gave you"));
        }

        findings.AddRange(await ProfileCheck.CheckAsync(check, options, Name, directory, _time, cancellationToken));
        return findings;
    }

    /// <summary>Compares this machine's clock with the CA's, since both check validity periods.</summary>
    public async Task<IEnumerable<Finding>> CheckClockAsync(CancellationToken cancellationToken)
    {
        const string check = "clock";
        var answer = await _answer.Value.WaitAsync(cancellationToken);
        if (answer.Date is not { } date) return [new(check, FindingStatus.Warn, $"{Name} did not say the time", "compare with another clock (timedatectl)")];
        var skew = answer.At - date;
        var what = skew.Duration() < TimeSpan.FromSeconds(2) ? $"agrees with that of {Name}"
            : FormattableString.Invariant($"{skew.Duration().TotalSeconds:0} s {(skew < TimeSpan.Zero ? "behind" : "ahead of")} that of {Name}");
        return
        [
            skew.Duration() > LargeSkew ? new(check, FindingStatus.Fail, what, "set the clock, and have it kept right (timedatectl set-ntp true)")
                : skew.Duration() > SmallSkew ? new(check, FindingStatus.Warn, what, "have the clock kept right (timedatectl set-ntp true)")
                : new(check, FindingStatus.Ok, what),
        ];
    }

    /// <summary>The CA's identities in CAA records: from its directory, or else the known ones; empty if unknown.</summary>
    public async Task<IReadOnlyList<string>> CaaIdentitiesAsync(CancellationToken cancellationToken) =>
        (await _answer.Value.WaitAsync(cancellationToken)).Directory is { CaaIdentities: { Count: > 0 } said } ? said : AcmeDirectories.CaaIdentitiesOf(_options.Acme.Directory);

    public async ValueTask DisposeAsync()
    {
        if (_answer.IsValueCreated) await _answer.Value;
    }

    /// <summary>Does not throw: a failure is part of the result.</summary>
    async Task<Answer> AskAsync()
    {
        var roots = new X509Certificate2Collection();
        try
        {
            if (_options.Acme.TrustedRootsFile is { } file) roots = [.. PemDocument.Parse(await File.ReadAllBytesAsync(file)).Certificates];
            using var server = await AcmeServer.ConnectAsync(
                _directory,
                new AcmeServerOptions { TrustedRoots = _options.Acme.TrustedRootsFile is null ? null : roots, RequestTimeout = TimeLimit, Time = _time, Proxy = new OutgoingProxy(() => _options) },
                CancellationToken.None);
            return new Answer { Directory = server.Directory, Date = server.ServerDate, At = _time.GetUtcNow() };
        }
        catch (AcmeException e)
        {
            return new Answer { Problem = e.Message, Remedy = "see to Edge:Acme:Directory, outgoing connections and Edge:OutgoingProxy, the clock and, for a private CA, Edge:Acme:TrustedRootsFile" };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return new Answer { Problem = $"Edge:Acme:TrustedRootsFile: {e.Message.TrimEnd('.')}", Remedy = "name a PEM file that the edge may read" };
        }
        finally
        {
            foreach (var root in roots) root.Dispose();
        }
    }

    sealed record Answer
    {
        /// <summary>Null after a failure, which <see cref="Problem"/> describes.</summary>
        public AcmeDirectory? Directory { get; init; }

        public string? Problem { get; init; }

        public string? Remedy { get; init; }

        public DateTimeOffset? Date { get; init; }

        /// <summary>The local time when <see cref="Date"/> was received.</summary>
        public DateTimeOffset At { get; init; }
    }
}
