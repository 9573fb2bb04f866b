using System.Security.Cryptography;

namespace ImGateway.Edge.Configuration;

/// <summary>The file that a running edge reads its configuration from, again and again.</summary>
public sealed class ConfigurationFile
{
    volatile string _lastRead = "";

    ConfigurationFile(string? path) => Path = path;

    /// <summary>Null: environment variables alone.</summary>
    public string? Path { get; }

    /// <summary>Whether it holds something else than when it was last read, whatever came of that.</summary>
    public bool HasChanged => Fingerprint() != _lastRead;

    /// <param name="configFile">As for <see cref="EdgeConfiguration.Load"/>.</param>
    public static ConfigurationFile Of(string? configFile) => new(EdgeConfiguration.FileOf(configFile));

    /// <exception cref="UserError">As <see cref="EdgeConfiguration.Load"/>.</exception>
    public IConfigurationRoot Load()
    {
        // Before: what is written meanwhile counts as a change.
        _lastRead = Fingerprint();
        return EdgeConfiguration.Load(Path);
    }

    /// <summary>Equal for equal contents.</summary>
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
