
namespace ImGateway.Edge.Configuration;

/// <summary>
/// The options that certificates are kept by. A reload replaces them under the lock of the certificates, before <see cref="CurrentOptions"/>,
/// so that no round of the loop sees two configurations, and puts them back where it is refused.
/// </summary>
sealed class CertificateConfiguration(EdgeOptions options)
{
    volatile EdgeOptions _value = options;

    public EdgeOptions Value => _value;

    public void Replace(EdgeOptions options) => _value = options;
}
