
namespace ImGateway.Edge.Configuration;

/// <summary>
/// The options that the certificate flow uses. A reload replaces them under the lock of the certificates, before <see cref="CurrentOptions"/>,
/// so that no round of the loop uses two configurations, and restores them if the reload is refused.
/// </summary>
sealed class CurrentCertificateOptions(EdgeOptions options)
{
    volatile EdgeOptions _value = options;

    public EdgeOptions Value => _value;

    public void Replace(EdgeOptions options) => _value = options;
}
