using ImGateway.Acme;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>
/// The profile of an order. A profile that the CA no longer has is an error while there is time to correct it; later it is omitted, because a certificate
/// with another profile is better than none.
/// </summary>
/// <param name="configured">The configured profile; null = the CA's default.</param>
/// <param name="mayLeaveOut">Whether the profile may be omitted now.</param>
sealed class ProfileChoice(string? configured, bool mayLeaveOut)
{
    bool _isLeftOut;

    public string? Asked => _isLeftOut ? null : configured;

    /// <summary>The configured profile that was omitted.</summary>
    public string? LeftOut => _isLeftOut ? configured : null;

    /// <exception cref="IssuanceException">The CA does not have the profile.</exception>
    public void Check(AcmeServer server)
    {
        if (configured is null || server.Directory.Profiles.ContainsKey(configured) || TryLeaveOut()) return;
        var offered = server.Directory.Profiles.Count > 0 ? SingleLine.Escape(string.Join(", ", server.Directory.Profiles.Keys)) : "none";
        throw new IssuanceException($"Edge:Acme:Profile: {server.DirectoryUri.Host} has no profile {SingleLine.Quote(configured)}; it offers: {offered}");
    }

    /// <summary>Omits the profile, if that is allowed now. Also after the CA has refused an order for its profile: the directory may list profiles that this account may not use.</summary>
    public bool TryLeaveOut()
    {
        if (!mayLeaveOut || Asked is null) return false;
        return _isLeftOut = true;
    }
}
