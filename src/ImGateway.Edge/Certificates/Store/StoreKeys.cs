using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>The keys of one host in the storage.</summary>
/// <param name="Folder">Names hold no separator and begin with no dot: <see cref="HostName"/> sees to it.</param>
sealed record StoreKeys(string Folder)
{
    public const string Root = "certificates";

    /// <summary>Key and chain of what is served.</summary>
    public string Current => $"{Folder}/current.pem";

    /// <summary>What was served before.</summary>
    public string Previous => $"{Folder}/previous.pem";

    /// <summary>A current one that could not be read, for inspection.</summary>
    public string Damaged => $"{Folder}/damaged.pem";

    /// <summary>Where they came from, and when they are renewed.</summary>
    public string State => $"{Folder}/state.json";

    /// <summary>An order under way and the key it is for.</summary>
    public string Pending => $"{Folder}/pending.pem";

    /// <summary>The OCSP response last fetched; proves by itself which certificate it is about.</summary>
    public string Staple => $"{Folder}/ocsp.der";

    public IReadOnlyList<string> All => [Folder, Current, Previous, State, Pending, Staple];

    public static StoreKeys Of(HostName host) => new($"{Root}/{host.CertificateName}");
}
