namespace ImGateway.Edge.Storage;

/// <summary>What is stored under a key. Keys of certificates and accounts are among it, so it has no printable form.</summary>
/// <param name="content">Not to be changed.</param>
/// <param name="version">Another one for another content; only to be compared.</param>
sealed class StoredValue(byte[] content, string version)
{
    /// <summary>The version of a key under which there is nothing.</summary>
    public const string Absent = "";

    public byte[] Content => content;

    public string Version => version;
}

/// <summary>One key of a write. Has no printable form.</summary>
/// <param name="key">Of the value.</param>
/// <param name="content">Null: deleted.</param>
/// <param name="expected">The version that is replaced, <see cref="StoredValue.Absent"/> for none; null: whatever there is.</param>
sealed class StorageChange(string key, byte[]? content, string? expected = null)
{
    public string Key => key;

    public byte[]? Content => content;

    public string? Expected => expected;
}

/// <summary>How much of a log is kept.</summary>
/// <param name="MaxBytes">Of the part that grows; then another one begins.</param>
/// <param name="Keep">Parts kept beside the one that grows.</param>
sealed record LogRetention(long MaxBytes, int Keep);
