using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Docs;

/// <summary>nginx configurations that pages show, judged by nginx: whole ones as they are, parts of one in the context they belong to.</summary>
public sealed class NginxSnippetTests
{
    [Fact]
    public async Task Nginx_takes_what_is_shown_of_it()
    {
        using var directory = new TemporaryDirectory();
        using var ca = TestCa.Create("Example Corporate CA");
        using var certificate = ca.Issue("gateway.example.com");
        foreach (var name in (string[])["fullchain", "chain"]) File.WriteAllText(directory[name + ".pem"], certificate.ChainPem);
        File.WriteAllText(directory["privkey.pem"], certificate.KeyPem);

        foreach (var fence in Documents.All.SelectMany(Fence.In).Where(fence => fence.Language == "nginx"))
        {
            var file = directory["nginx.conf"];
            File.WriteAllText(file, Whole(fence.Text, directory.Path));
            var said = await PartnerTool.RunAsync("nginx", ["-t", "-q", "-p", directory.Path, "-e", directory["error.log"], "-c", file]);
            Assert.True(said.ExitCode == 0, $"{fence}: {said.All}");
        }
    }

    static string Whole(string text, string directory)
    {
        var part = text.Replace("/etc/letsencrypt/live/gateway.example.com", directory, StringComparison.Ordinal)
            .Replace("im-gateway-service", "127.0.0.1", StringComparison.Ordinal);
        var server = part.Contains("server {", StringComparison.Ordinal) || part.Contains("upstream ", StringComparison.Ordinal) ? part : $"server {{ {part} }}";
        var upstream = part.Contains("//im_gateway", StringComparison.Ordinal) && !part.Contains("upstream im_gateway", StringComparison.Ordinal)
            ? "upstream im_gateway { server 127.0.0.1:8080; }" : "";
        return part.Contains("http {", StringComparison.Ordinal) ? part : $"pid {directory}/pid; events {{ }} http {{ {upstream}\n{server} }}";
    }
}
