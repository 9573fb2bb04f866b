using System.Net.Security;
using System.Security.Authentication;

namespace ImGateway.Edge.Tls;

/// <summary>
/// What keeps session tickets of one name from resuming for another, and old keys from being used again. Whatever the certificate context, .NET shares
/// one OpenSSL context, and with it the keys of session tickets, among all handshakes of a process with equal certificates and equal protocols. Bits
/// that stand for no protocol make the protocols of two contexts unequal (cf. CVE-2025-23419).
/// </summary>
sealed class TicketScopes
{
    int _contexts;

    /// <summary>Bits to be added to the protocols of <paramref name="context"/>.</summary>
    public SslProtocols Next(SslStreamCertificateContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return (SslProtocols)(++_contexts * 0x10000);
    }
}
