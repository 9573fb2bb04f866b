using System.Net;
using System.Text;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations;

/// <summary>Where verbs find the running edge: <c>DataDirectory/control.sock</c>.</summary>
public static class ControlSocket
{
    /// <summary>sockaddr_un has room for 108 bytes, the last of them NUL (unix(7)).</summary>
    const int LongestPath = 107;

    public static string PathIn(EdgeOptions options) => Path.Combine(Path.GetFullPath(options.DataDirectory), "control.sock");

    /// <summary>What would keep the socket from being bound, one line each. Changes nothing.</summary>
    public static IEnumerable<string> Problems(EdgeOptions options)
    {
        var path = PathIn(options);
        var length = Encoding.UTF8.GetByteCount(path);
        if (length > LongestPath)
        {
            yield return $"Edge:DataDirectory: {OneLine.From(path)} is {length} bytes long, and the path of a Unix socket may have {LongestPath}; choose a shorter DataDirectory";
        }
    }
}

/// <summary>Told apart from the Unix sockets that Kestrel binds itself: these are found by <see cref="ControlTransport"/>.</summary>
public sealed class ControlEndPoint(string path) : EndPoint
{
    public string Path => path;

    public override string ToString() => "unix:" + path;
}
