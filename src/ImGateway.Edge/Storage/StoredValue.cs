namespace ImGateway.Edge.Storage;

/// <summary>The value of a key. Never printed, because values include private keys.</summary>
/// <param name="content">The content, which must not be modified.</param>
/// <param name="version">An opaque version, different for different contents.</param>
sealed class StoredValue(byte[] content, string version)
{
    /// <summary>The version of a key that does not exist.</summary>
    public const string Absent = "";

    public byte[] Content => content;

    public string Version => version;
}

/// <summary>One change of a write. Never printed.</summary>
/// <param name="content">The new content; null deletes the key.</param>
/// <param name="expected">The version to replace, <see cref="StoredValue.Absent"/> for a new key; null = any.</param>
sealed class StorageChange(string key, byte[]? content, string? expected = null)
{
    public string Key => key;

    public byte[]? Content => content;

    public string? Expected => expected;
}

/// <summary>The retention of a log.</summary>
/// <param name="MaxBytes">Size at which the current part is rotated.</param>
/// <param name="Keep">The number of rotated parts kept.</param>
sealed record LogRetention(long MaxBytes, int Keep);
