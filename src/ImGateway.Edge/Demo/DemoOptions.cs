using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Demo;

/// <summary>The options of the demo, in place of a configuration.</summary>
static class DemoOptions
{
    public static EdgeOptions Create(Uri upstream, string dataDirectory, DemoPorts ports) => new()
    {
        Hosts = [HostName.Parse("localhost"), HostName.Parse("127.0.0.1"), HostName.Parse("::1")],
        Upstreams = [upstream],
        DataDirectory = dataDirectory,
        Listen = new ListenSection { Https = DemoPorts.Loopback(ports.Https), Http = DemoPorts.Loopback(ports.Http), Management = DemoPorts.Loopback(ports.Management) },
        Certificates = new CertificatesSection { Source = CertificateSource.SelfSigned, AllowSelfSigned = true },
        PlainHttp = new PlainHttpSection { HttpsPort = ports.Https },
        // Browsers would remember HSTS for localhost on every port, and break other programs there.
        Headers = new HeadersSection { Hsts = new HstsSection { MaxAge = TimeSpan.Zero } },
        // A user who stops the demo waits for it.
        Drain = new DrainSection { Delay = TimeSpan.Zero, Spread = TimeSpan.Zero, Timeout = TimeSpan.FromSeconds(3) },
    };

    /// <summary>The CA that clients of the demo trust.</summary>
    public static string CaFile(EdgeOptions options) => Path.Combine(options.DataDirectory, "development-ca", "ca.pem");

    /// <summary>A directory of the user, so that a CA once trusted in a browser stays the same; a temporary one if the user has no home directory.</summary>
    public static string FindDataDirectory()
    {
        // Follows XDG_DATA_HOME, else ~/.local/share.
        var home = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        try
        {
            if (home.Length > 0) return CreatePrivate(Path.Combine(home, "imgw-demo"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A read-only home directory is like none.
        }

        return Directory.CreateTempSubdirectory("imgw-demo-").FullName;
    }

    static string CreatePrivate(string path) => OperatingSystem.IsWindows()
        ? Directory.CreateDirectory(path).FullName
        : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
}
