using System.Security.Cryptography;

namespace ImGateway.Edge.Configuration.Reading;

/// <summary>The configuration file of a running edge, which each reload reads again.</summary>
public sealed class ConfigurationFile
{
    volatile string _lastRead = "";

    ConfigurationFile(string? path) => Path = path;

    /// <summary>Null if the configuration comes from environment variables alone.</summary>
    public string? Path { get; }

    /// <summary>Whether the content differs from the last read, even if that reload failed.</summary>
    public bool HasChanged => Fingerprint() != _lastRead;

    /// <param name="configFile">As for <see cref="EdgeConfiguration.Load"/>.</param>
    public static ConfigurationFile Of(string? configFile) => new(EdgeConfiguration.FileOf(configFile));

    /// <exception cref="UserError">As for <see cref="EdgeConfiguration.Load"/>.</exception>
    public IConfigurationRoot Load()
    {
        // Hashed before loading, so that a write in between counts as a change.
        _lastRead = Fingerprint();
        return EdgeConfiguration.Load(Path);
    }

    /// <summary>A hash of the content.</summary>
    public string Fingerprint()
    {
        if (Path is null) return "";
        try
        {
            return Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return e.GetType().Name;
        }
    }
}
