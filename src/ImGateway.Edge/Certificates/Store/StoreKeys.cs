using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>The storage keys of one host.</summary>
/// <param name="Folder">The folder. <see cref="HostName"/> guarantees that the name contains no separator and does not begin with a dot.</param>
sealed record StoreKeys(string Folder)
{
    public const string Root = "certificates";

    /// <summary>The folder of the development CA, which belongs to no host.</summary>
    public const string DevelopmentCa = "development-ca";

    public const string DevelopmentCaKey = DevelopmentCa + "/ca.key";

    /// <summary>Private key and chain that are served.</summary>
    public string Current => $"{Folder}/current.pem";

    /// <summary>Private key and chain that were served before.</summary>
    public string Previous => $"{Folder}/previous.pem";

    /// <summary>A damaged current bundle, kept for inspection.</summary>
    public string Damaged => $"{Folder}/damaged.pem";

    /// <summary>The origin of both bundles, and the state of the renewal.</summary>
    public string State => $"{Folder}/state.json";

    /// <summary>An order in progress, and its key.</summary>
    public string Pending => $"{Folder}/pending.pem";

    /// <summary>The OCSP response last fetched. It identifies its certificate itself.</summary>
    public string Staple => $"{Folder}/ocsp.der";

    public IReadOnlyList<string> All => [Folder, Current, Previous, Damaged, State, Pending, Staple];

    public static StoreKeys Of(HostName host) => new($"{Root}/{host.CertificateName}");
}
