using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>Certificates for source <c>SelfSigned</c>, from the development CA in DataDirectory.</summary>
sealed class SelfSignedIssuer(EdgeOptions options, TimeProvider time)
{
    /// <exception cref="CertificateLoadException">The CA's folder cannot be used.</exception>
    public ServedCredential Issue(HostName host)
    {
        var directory = Path.Combine(options.DataDirectory, "development-ca");
        try
        {
            // For all hosts, whether or not a file covers some of them now: the CA that developers trust stays the same.
            using var ca = DevelopmentCa.LoadOrCreate(directory, options.Hosts, time);
            return new ServedCredential(ca.Issue([host], options.Certificates.KeyType), ServedCredential.SelfSigned, ca.CertificatePath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CertificateLoadException(
                [$"{directory}: cannot be used: {e.Message.TrimEnd('.')}; make DataDirectory writable for the user {Environment.UserName}"]);
        }
    }
}
