using System.Buffers.Text;
using System.Security.Cryptography;

namespace ImGateway.Testing;

/// <summary>Nonces, each good for one request (RFC 8555 §6.5).</summary>
sealed class CaNonces
{
    readonly Lock _lock = new();
    readonly HashSet<string> _open = [];

    public string Create()
    {
        var nonce = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        lock (_lock) _open.Add(nonce);
        return nonce;
    }

    /// <exception cref="CaProblemException">Not given out, or used before.</exception>
    public void Use(string? nonce)
    {
        lock (_lock)
        {
            if (nonce is null || !_open.Remove(nonce)) throw new CaProblemException("badNonce", "The nonce is unknown or was used before.");
        }
    }
}
