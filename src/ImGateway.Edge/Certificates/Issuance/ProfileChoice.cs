using ImGateway.Acme;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>
/// The profile to order by. One that the CA no longer has is an error while there is time to correct it; later it is left out, because a certificate
/// by another profile is better than none.
/// </summary>
/// <param name="configured">Null: the CA's default.</param>
/// <param name="mayLeaveOut">The time has come.</param>
sealed class ProfileChoice(string? configured, bool mayLeaveOut)
{
    bool _isLeftOut;

    public string? Asked => _isLeftOut ? null : configured;

    /// <summary>The one that is configured and not asked for.</summary>
    public string? LeftOut => _isLeftOut ? configured : null;

    /// <exception cref="IssuanceException">The CA does not have it.</exception>
    public void Check(AcmeServer server)
    {
        if (configured is null || server.Directory.Profiles.ContainsKey(configured) || TryLeaveOut()) return;
        var offered = server.Directory.Profiles.Count > 0 ? OneLine.From(string.Join(", ", server.Directory.Profiles.Keys)) : "none";
        throw new IssuanceException($"Edge:Acme:Profile: {server.DirectoryUri.Host} has no profile {OneLine.Quote(configured)}; it offers: {offered}");
    }

    /// <summary>For an order that was refused for its profile, too: a directory may still list what the account no longer gets.</summary>
    public bool TryLeaveOut()
    {
        if (!mayLeaveOut || Asked is null) return false;
        return _isLeftOut = true;
    }
}
