using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>Certificates for source <c>SelfSigned</c>, from the development CA in DataDirectory.</summary>
sealed class SelfSignedSource(CertificateConfiguration options, TimeProvider time)
{
    readonly string _directory = Path.Combine(options.Value.DataDirectory, "development-ca");

    public bool IsAllowed => options.Value.Certificates.Source == CertificateSource.SelfSigned;

    /// <summary>The metric's reason why <paramref name="served"/> is to be issued anew; null while it may go on.</summary>
    public string? Due(ServedCredential served, DateTimeOffset now)
    {
        if (served.ByHand) return now > served.Credential.NotAfter ? "age" : null;
        var policy = RenewalPolicy.Due(
            new Validity(served.Credential.NotBefore, served.Credential.NotAfter), RenewalState.For(null), RenewalSettings.Of(options.Value));
        // Issued by a clock that was ahead: clients refuse it, and would until that clock's time has come.
        return now >= policy.At || served.Credential.NotBefore > now ? policy.Reason : null;
    }

    /// <exception cref="CertificateLoadException">The CA's folder cannot be used.</exception>
    public ServedCredential Issue(HostName host) => WithCa(ca =>
        new ServedCredential(ca.Issue([host], options.Value.Certificates.KeyType), ServedCredential.SelfSigned, ca.CertificatePath));

    /// <summary>Of <paramref name="stored"/>, the hosts whose certificate was issued by a CA that is no longer the one developers trust.</summary>
    /// <exception cref="CertificateLoadException">The CA's folder cannot be used.</exception>
    public IReadOnlyList<HostName> OfAnotherCa(IReadOnlyDictionary<HostName, ServedCredential> stored)
    {
        var own = stored.Where(entry => entry.Value.Source == ServedCredential.SelfSigned).ToList();
        return own.Count == 0 ? [] : WithCa(ca => (IReadOnlyList<HostName>)
            [.. own.Where(entry => !ca.Is(entry.Value.Credential.Delivered.Last())).Select(entry => entry.Key)]);
    }

    T WithCa<T>(Func<DevelopmentCa, T> use)
    {
        try
        {
            // For all hosts, whether or not a file covers some of them now: the CA that developers trust stays the same.
            using var ca = DevelopmentCa.LoadOrCreate(_directory, options.Value.Hosts, time);
            return use(ca);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CertificateLoadException(
                [$"{_directory}: cannot be used: {e.Message.TrimEnd('.')}; make DataDirectory writable for the user {Environment.UserName}"]);
        }
    }
}
