namespace ImGateway.Acme.Protocol;

/// <summary>Unused nonces of earlier responses (RFC 8555 §6.5), newest first, because a CA rejects old ones first.</summary>
sealed class NoncePool
{
    internal const int Capacity = 16;

    readonly Lock _lock = new();
    readonly List<string> _nonces = [];

    public void Put(string? nonce)
    {
        if (nonce is null) return;
        lock (_lock)
        {
            if (_nonces.Count == Capacity) _nonces.RemoveAt(0);
            _nonces.Add(nonce);
        }
    }

    public string? Take()
    {
        lock (_lock)
        {
            if (_nonces.Count == 0) return null;
            var nonce = _nonces[^1];
            _nonces.RemoveAt(_nonces.Count - 1);
            return nonce;
        }
    }
}
